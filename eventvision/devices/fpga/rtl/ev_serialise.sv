// From words of neurons that fired to events, one per cycle.
module ev_serialise #(
    parameter int unsigned LANES = 1,
    parameter int unsigned VALUE_BITS = 1,
    parameter bit IS_SIGNED = 1'b0
) (
    input  logic clk,
    input  logic reset,
    output logic idle,

    input  logic                        in_valid,
    output logic                        in_ready,
    input  logic                        in_tick,
    input  logic [11:0]                 in_y,
    input  logic [11:0]                 in_x,
    input  logic [11:0]                 in_channel,
    input  logic [LANES*VALUE_BITS-1:0] in_values,

    output logic             out_valid,
    input  logic             out_ready,
    output ev_types::event_t out_event
);

  logic tick, ends;
  logic [11:0] y, x, channel, first;
  logic [LANES*VALUE_BITS-1:0] values;
  logic [LANES-1:0] waiting, in_waiting;
  logic [VALUE_BITS-1:0] value;

  for (genvar lane = 0; lane < LANES; lane++) begin : lanes
    assign in_waiting[lane] = in_values[lane*VALUE_BITS+:VALUE_BITS] != 0;
  end

  always_comb begin
    first = '0;
    value = '0;
    for (int lane = LANES - 1; lane >= 0; lane--) begin
      if (waiting[lane]) begin
        first = 12'(lane);
        value = values[lane*VALUE_BITS+:VALUE_BITS];
      end
    end
  end

  assign ends = tick || (waiting & (waiting - 1'b1)) == 0;
  assign out_valid = tick || waiting != 0;
  assign in_ready = !out_valid || (out_ready && ends);
  assign idle = !out_valid;

  always_comb begin
    out_event = '0;
    if (tick) out_event.tick = 1'b1;
    else begin
      out_event.channel = channel + first;
      out_event.y = y;
      out_event.x = x;
      out_event.value = IS_SIGNED ? 16'($signed(value)) : 16'(value);
    end
  end

  always_ff @(posedge clk) begin
    if (reset) begin
      tick <= 1'b0;
      waiting <= '0;
    end else if (in_ready) begin
      tick <= in_valid && in_tick;
      waiting <= in_valid && !in_tick ? in_waiting : '0;
    end else if (out_ready) begin
      waiting <= waiting & (waiting - 1'b1);
    end
    if (in_ready) begin
      y <= in_y;
      x <= in_x;
      channel <= in_channel;
      values <= in_values;
    end
  end

endmodule
