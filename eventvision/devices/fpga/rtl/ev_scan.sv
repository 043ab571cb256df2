// Takes all neurons of a layer through a step: walks over the words of sums and potentials, one per
// cycle, puts potentials back, clears sums, and hands on what fired. After a reset it walks once to
// put potentials where they start and sums to zero.
module ev_scan #(
    parameter int unsigned LANES = 1,
    parameter int unsigned GROUPS = 1,
    parameter int unsigned CHANNELS = 1,    // the lanes beyond the last channel are idle
    parameter int unsigned HEIGHT = 1,      // of the plane of neurons
    parameter int unsigned WIDTH = 1,
    parameter int unsigned SUM_BITS = 16,
    parameter int unsigned SHIFT_LEFT = 0,
    parameter int unsigned LEVELS = 1,
    parameter bit ROUNDING = 1'b0,
    parameter CONSTANTS = "",
    localparam int unsigned WORDS = HEIGHT * WIDTH * GROUPS,
    localparam int unsigned ADDRESS = WORDS > 1 ? $clog2(WORDS) : 1,
    localparam int unsigned OUT_BITS = LEVELS > 0 ? $clog2(LEVELS + 1) : 16
) (
    input  logic clk,
    input  logic reset,
    input  logic start,
    output logic idle,
    output logic is_clear,  // no longer putting everything where it starts

    output logic [ADDRESS-1:0]        sum_address,
    input  logic [LANES*SUM_BITS-1:0] sum_data,
    output logic                      clear,
    output logic                      clear_both,
    output logic [ADDRESS-1:0]        clear_address,

    output logic                      out_valid,
    input  logic                      out_room,  // for all that may be on its way
    output logic                      out_tick,
    output logic [11:0]               out_y,
    output logic [11:0]               out_x,
    output logic [11:0]               out_channel,  // of the first lane
    output logic [LANES*OUT_BITS-1:0] out_values,

    input  logic [ADDRESS-1:0]        peek_address,  // only while idle
    output logic [LANES*16-1:0]       peek_data
);

  localparam int unsigned DIGITS = LEVELS > 0 ? $clog2(LEVELS + 1) : 0;
  localparam int unsigned STAGES = 4 + DIGITS;  // from an address to the potential to be put back
  localparam int unsigned WIDE = SUM_BITS + SHIFT_LEFT > 17 ? SUM_BITS + SHIFT_LEFT + 1 : 18;
  localparam int unsigned GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int unsigned LAST_LANES = CHANNELS - (GROUPS - 1) * LANES;

  localparam int unsigned CONSTANT_BITS = 16 + 16 + 6 + 5 + 5 + WIDE;

  typedef struct packed {
    logic [ADDRESS-1:0]    address;
    logic [11:0]           y;
    logic [11:0]           x;
    logic [GROUP_BITS-1:0] group;
  } place_t;
  localparam int unsigned PLACE_BITS = ADDRESS + 24 + GROUP_BITS;

  // The walk.

  logic walks, starts_over, issues, ends;
  place_t place;

  assign issues = walks && (out_room || starts_over);
  assign ends = 32'(place.address) == WORDS - 1;

  always_ff @(posedge clk) begin
    if (reset) begin
      walks <= 1'b1;
      starts_over <= 1'b1;
    end else if (start) begin
      walks <= 1'b1;
      starts_over <= 1'b0;
    end else if (issues && ends) walks <= 1'b0;
  end

  always_ff @(posedge clk) begin
    if (reset || start) place <= '0;
    else if (issues) begin
      place.address <= place.address + 1'b1;
      if (32'(place.group) != GROUPS - 1) place.group <= place.group + 1'b1;
      else begin
        place.group <= '0;
        if (32'(place.x) != WIDTH - 1) place.x <= place.x + 1'b1;
        else begin
          place.x <= '0;
          place.y <= place.y + 1'b1;
        end
      end
    end
  end

  // What is on its way: stage 1 has the data, stage `STAGES` the new potential.

  logic [STAGES:1] valid, last;
  logic is_first, is_over;
  logic [(STAGES+1)*PLACE_BITS-1:0] places;  // one for each stage
  logic [ADDRESS-1:0] read_address;  // at stage 1
  place_t done;                      // at the last one

  assign places[0+:PLACE_BITS] = place;
  assign read_address = places[2*PLACE_BITS-1-:ADDRESS];
  assign done = places[STAGES*PLACE_BITS+:PLACE_BITS];
  assign idle = !walks && valid == 0 && !is_over;
  assign is_clear = !walks || !starts_over;
  for (genvar stage = 1; stage <= STAGES; stage++) begin : delays
    always_ff @(posedge clk)
      places[stage*PLACE_BITS+:PLACE_BITS] <= places[(stage-1)*PLACE_BITS+:PLACE_BITS];
  end

  always_ff @(posedge clk) begin
    valid <= reset ? '0 : {valid[STAGES-1:1], issues};
    last  <= {last[STAGES-1:1], ends};
    is_first <= starts_over;
  end

  // Memories.

  logic [LANES*16-1:0] potentials, initials, charged;
  logic [LANES*CONSTANT_BITS-1:0] constant_word;

  assign sum_address = place.address;
  assign clear = valid[1];
  assign clear_both = valid[1] && is_first;
  assign clear_address = read_address;
  assign peek_data = potentials;

  ev_rom #(.WIDTH(LANES * CONSTANT_BITS), .DEPTH(GROUPS), .FILE(CONSTANTS)) words (
      .clk, .enable(1'b1), .address(place.group), .data(constant_word));

  ev_ram #(.WIDTH(LANES * 16), .DEPTH(WORDS)) state (
      .clk,
      .read_address(idle ? peek_address : place.address),
      .read_data(potentials),
      .write(is_first ? valid[1] : valid[STAGES]),
      .write_address(is_first ? read_address : done.address),
      .write_data(is_first ? initials : charged));

  // Neurons.

  logic [LANES-1:0] fires;

  for (genvar lane = 0; lane < LANES; lane++) begin : neurons
    logic [OUT_BITS-1:0] value;
    logic signed [15:0] threshold;
    logic [5:0] shift_right;
    logic [4:0] leak_a, leak_b;
    logic signed [WIDE-1:0] offset;
    assign {initials[lane*16+:16], threshold, shift_right, leak_a, leak_b, offset} =
        constant_word[lane*CONSTANT_BITS+:CONSTANT_BITS];
    ev_neuron #(
        .SUM_BITS(SUM_BITS), .SHIFT_LEFT(SHIFT_LEFT), .LEVELS(LEVELS),
        .ROUNDING(ROUNDING)
    ) neuron (
        .clk,
        .sum(sum_data[lane*SUM_BITS+:SUM_BITS]),
        .potential(potentials[lane*16+:16]),
        .offset,
        .shift_right,
        .leak_a,
        .leak_b,
        .threshold,
        .out_potential(charged[lane*16+:16]),
        .out_value(value));
    assign fires[lane] =
        value != 0 && (lane < LAST_LANES || 32'(done.group) != GROUPS - 1);
    assign out_values[lane*OUT_BITS+:OUT_BITS] = fires[lane] ? value : '0;
  end

  // What fired goes out; the end of the step follows the last word.

  always_ff @(posedge clk) is_over <= !reset && valid[STAGES] && last[STAGES] && !is_first;

  assign out_tick = is_over;
  assign out_valid = is_over || (valid[STAGES] && fires != 0 && !is_first);
  assign out_y = done.y;
  assign out_x = done.x;
  assign out_channel = 12'(done.group) * 12'(LANES);

endmodule
