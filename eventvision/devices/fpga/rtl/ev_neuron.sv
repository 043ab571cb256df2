// One neuron of the integer networks, as a pipeline that takes one neuron per cycle: shift, leak,
// charge, fire, soft reset. docs/spiking/integer-networks.md has the arithmetic.
//
// The number of spikes n = clip(floor((v + f) / threshold), 0, LEVELS) is found digit by digit from
// the highest: it is the largest n up to LEVELS with n * threshold <= v + f, and what remains is the
// potential after the reset.
module ev_neuron #(
    parameter int unsigned SUM_BITS = 16,
    parameter int unsigned SHIFT_LEFT = 0,   // of the sum, before `offset` is added
    parameter int unsigned LEVELS = 1,       // 0: never fires, gives its potential
    parameter bit ROUNDING = 1'b0,
    localparam int unsigned WIDE = SUM_BITS + SHIFT_LEFT > 17 ? SUM_BITS + SHIFT_LEFT + 1 : 18,
    localparam int unsigned DIGITS = LEVELS > 0 ? $clog2(LEVELS + 1) : 0,
    localparam int unsigned OUT_BITS = LEVELS > 0 ? DIGITS : 16
) (
    input  logic                       clk,
    input  logic signed [SUM_BITS-1:0] sum,
    input  logic signed [15:0]         potential,
    input  logic signed [WIDE-1:0]     offset,       // bias and rounding
    input  logic        [5:0]          shift_right,
    input  logic        [4:0]          leak_a,       // shifts; 16 and more for none
    input  logic        [4:0]          leak_b,
    input  logic signed [15:0]         threshold,
    output logic signed [15:0]         out_potential,
    output logic        [OUT_BITS-1:0] out_value
);

  function automatic logic signed [15:0] saturated(input logic signed [WIDE-1:0] value);
    if (value[WIDE-1:15] == {WIDE - 15{value[15]}}) saturated = value[15:0];
    else saturated = value[WIDE-1] ? -16'sh8000 : 16'sh7fff;
  endfunction

  function automatic logic signed [15:0] lost(
      input logic signed [15:0] value, input logic [4:0] leak);
    lost = leak[4] ? 16'sd0 : value >>> leak[3:0];
  endfunction

  // Cycle 1: bias and rounding. Cycle 2: the current; the leak. Cycle 3: charged.
  logic signed [WIDE-1:0] wide_1;
  logic signed [15:0] current_2, potential_1, leaked_2, charged_3;
  logic signed [15:0] threshold_1, threshold_2, threshold_3;
  logic signed [16:0] charge;
  logic [5:0] shift_1;
  logic [4:0] leak_a_1, leak_b_1;

  assign charge = 17'(leaked_2) + 17'(current_2);

  always_ff @(posedge clk) begin
    wide_1 <= (WIDE'(sum) <<< SHIFT_LEFT) + offset;
    shift_1 <= shift_right;
    current_2 <= saturated(wide_1 >>> shift_1);
    {leak_a_1, leak_b_1} <= {leak_a, leak_b};
    potential_1 <= potential;
    leaked_2 <= potential_1 - lost(potential_1, leak_a_1) - lost(potential_1, leak_b_1);
    {threshold_3, threshold_2, threshold_1} <= {threshold_2, threshold_1, threshold};
    if (charge[16] == charge[15]) charged_3 <= charge[15:0];
    else charged_3 <= charge[16] ? -16'sh8000 : 16'sh7fff;
  end

  if (LEVELS == 0) begin : reads
    assign out_potential = charged_3;
    assign out_value = charged_3;
    logic unused;
    assign unused = &{1'b0, threshold_3};
  end else begin : fires
    localparam int unsigned REST = 17 + DIGITS;

    // Before each digit, highest first: what remains, the threshold, the digits found.
    logic [(DIGITS+1)*REST-1:0] rests;
    logic [(DIGITS+1)*16-1:0] thresholds;
    logic [(DIGITS+1)*DIGITS-1:0] founds;
    logic signed [REST-1:0] last_rest;
    logic signed [15:0] last_threshold;

    assign thresholds[0+:16] = threshold_3;
    assign rests[0+:REST] =
        REST'(charged_3) + (ROUNDING ? REST'(threshold_3 >>> 1) : REST'(0));
    assign founds[0+:DIGITS] = '0;

    for (genvar digit = 0; digit < DIGITS; digit++) begin : digits
      localparam int unsigned PLACE = DIGITS - 1 - digit;
      logic signed [REST-1:0] rest, step;
      logic signed [15:0] each;
      logic [DIGITS-1:0] found, more;
      logic takes, is_allowed;
      assign rest = rests[digit*REST+:REST];
      assign each = thresholds[digit*16+:16];
      assign found = founds[digit*DIGITS+:DIGITS];
      assign step = REST'(each) <<< PLACE;
      assign more = found | DIGITS'(1 << PLACE);
      if (LEVELS == 2 ** DIGITS - 1) begin : all_numbers
        assign is_allowed = 1'b1;
      end else begin : some_numbers
        assign is_allowed = 32'(more) <= LEVELS;
      end
      assign takes = rest >= step && is_allowed;
      always_ff @(posedge clk) begin
        rests[(digit+1)*REST+:REST] <= takes ? rest - step : rest;
        founds[(digit+1)*DIGITS+:DIGITS] <= takes ? more : found;
        thresholds[(digit+1)*16+:16] <= each;
      end
    end

    assign out_value = founds[DIGITS*DIGITS+:DIGITS];
    assign last_rest = rests[DIGITS*REST+:REST];
    assign last_threshold = thresholds[DIGITS*16+:16];
    assign out_potential =
        16'(last_rest - (ROUNDING ? REST'(last_threshold >>> 1) : REST'(0)));
  end

endmodule
