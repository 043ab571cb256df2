// What travels between layers, and into and out of the accelerator.
package ev_types;

  // Address-event: how much happened (channel, y, x) in this step, or that the step is over.
  typedef struct packed {
    logic               tick;     // the step is over; all other fields are zero
    logic        [11:0] channel;
    logic        [11:0] y;
    logic        [11:0] x;
    logic signed [15:0] value;    // number of spikes; a potential where it comes from a readout
  } event_t;

endpackage
