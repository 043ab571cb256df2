// Adds weights to sums, one word of `LANES` channels per cycle, in one of two banks; the other bank
// is open to the neurons meanwhile, so that they can work on a step while events of the next arrive.
//
// A sum is written two cycles after it was read. Events that meet the same word before that get it
// past the memory.
module ev_accumulate #(
    parameter int unsigned LANES = 1,
    parameter int unsigned SUM_BITS = 16,
    parameter int unsigned VALUE_BITS = 1,
    parameter int unsigned SUMS = 2,
    parameter int unsigned WEIGHTS = 2,
    parameter WEIGHT_FILE = "",
    localparam int unsigned SUM_ADDRESS = SUMS > 1 ? $clog2(SUMS) : 1,
    localparam int unsigned WEIGHT_ADDRESS = WEIGHTS > 1 ? $clog2(WEIGHTS) : 1
) (
    input  logic clk,
    input  logic reset,
    input  logic bank,  // where events go

    input  logic                      in_valid,
    input  logic [SUM_ADDRESS-1:0]    in_sum,
    input  logic [WEIGHT_ADDRESS-1:0] in_weight,
    input  logic [VALUE_BITS-1:0]     in_value,
    output logic                      idle,

    input  logic [SUM_ADDRESS-1:0]    read_address,  // in the other bank
    output logic [LANES*SUM_BITS-1:0] read_data,
    input  logic                      clear,         // in the other bank
    input  logic                      clear_both,
    input  logic [SUM_ADDRESS-1:0]    clear_address
);

  localparam int unsigned WORD = LANES * SUM_BITS;

  // Cycle 1: the weights come. Cycle 2: product; the sums come. Cycle 3: sum. Cycle 4: kept.
  logic [4:1] valid;
  logic [SUM_ADDRESS-1:0] sum_1, sum_2, sum_3, sum_4;
  logic [VALUE_BITS-1:0] value_1, value_2;
  logic [LANES*8-1:0] weights_1, weights_2;
  logic [WORD-1:0] stored, known_3, products_3, known, total, total_4;
  logic [2*WORD-1:0] bank_data;

  assign idle = !in_valid && valid[3:1] == 0;
  assign known = valid[4] && sum_4 == sum_3 ? total_4 : known_3;
  assign stored = bank ? bank_data[WORD+:WORD] : bank_data[0+:WORD];
  assign read_data = bank ? bank_data[0+:WORD] : bank_data[WORD+:WORD];

  ev_rom #(.WIDTH(LANES * 8), .DEPTH(WEIGHTS), .FILE(WEIGHT_FILE)) weights (
      .clk, .enable(1'b1), .address(in_weight), .data(weights_1));

  always_ff @(posedge clk) begin
    valid <= reset ? '0 : {valid[3:1], in_valid};
    {sum_4, sum_3, sum_2, sum_1} <= {sum_3, sum_2, sum_1, in_sum};
    {value_2, value_1} <= {value_1, in_value};
    weights_2 <= weights_1;
    known_3 <= valid[4] && sum_4 == sum_2 ? total_4 : stored;
    total_4 <= total;
  end

  for (genvar lane = 0; lane < LANES; lane++) begin : lanes
    logic signed [7:0] weight;
    logic signed [VALUE_BITS+7:0] product;
    assign weight = weights_2[lane*8+:8];
    if (VALUE_BITS == 1) begin : spikes  // a weight, or nothing: zero never travels
      assign product = 9'(weight);
      logic unused;
      assign unused = &{1'b0, value_2};
    end else begin : counts
      assign product = (VALUE_BITS + 8)'(weight * $signed({1'b0, value_2}));
    end
    always_ff @(posedge clk) products_3[lane*SUM_BITS+:SUM_BITS] <= SUM_BITS'(product);
    assign total[lane*SUM_BITS+:SUM_BITS] =
        known[lane*SUM_BITS+:SUM_BITS] + products_3[lane*SUM_BITS+:SUM_BITS];
  end

  for (genvar each = 0; each < 2; each++) begin : banks
    logic fills;
    assign fills = bank == 1'(each) && !clear_both;
    ev_ram #(.WIDTH(WORD), .DEPTH(SUMS)) sums (
        .clk,
        .read_address(fills ? sum_1 : read_address),
        .read_data(bank_data[each*WORD+:WORD]),
        .write(fills ? valid[3] : clear || clear_both),
        .write_address(fills ? sum_3 : clear_address),
        .write_data(fills ? total : '0));
  end

endmodule
