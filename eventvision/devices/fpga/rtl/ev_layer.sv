// A layer: events in, convolution, neurons, events out.
//
//   in --> scatter --> accumulate (bank a | bank b) --> scan --> queue --> serialise --> out
//
// Events of a step add weights to one bank of sums. At the end of the step the banks change places
// and all neurons take their step, while events of the next one arrive. A layer waits only for room
// in its queue, and at the end of a step for its neurons to be through with the step before.
module ev_layer #(
    parameter int unsigned IN_HEIGHT = 2,
    parameter int unsigned IN_WIDTH = 2,
    parameter int unsigned IN_CHANNELS = 1,
    parameter int unsigned VALUE_BITS = 1,
    parameter int unsigned COUNT_BITS = 1,
    parameter int unsigned WEIGHTS = 2,
    parameter int unsigned WEIGHT_ROW = 1,
    parameter int unsigned WEIGHT_COLUMN = 1,
    parameter int unsigned LANES = 1,
    parameter int unsigned GROUPS = 1,
    parameter int unsigned CHANNELS = 1,
    parameter int unsigned HEIGHT = 1,
    parameter int unsigned WIDTH = 1,
    parameter int unsigned SUM_BITS = 16,
    parameter int unsigned SHIFT_LEFT = 0,
    parameter int unsigned LEVELS = 1,
    parameter bit ROUNDING = 1'b0,
    parameter ROWS = "",
    parameter COLUMNS = "",
    parameter PLANES = "",
    parameter WEIGHT_FILE = "",
    parameter CONSTANTS = ""
) (
    input  logic clk,
    input  logic reset,
    output logic idle,
    output logic stray,

    input  logic             in_valid,
    output logic             in_ready,
    input  ev_types::event_t in_event,

    output logic             out_valid,
    input  logic             out_ready,
    output ev_types::event_t out_event,

    input  logic        [19:0] peek_word,
    input  logic        [11:0] peek_lane,
    output logic signed [15:0] peek_value
);

  localparam int unsigned SUMS = HEIGHT * WIDTH * GROUPS;
  localparam int unsigned SUM_ADDRESS = SUMS > 1 ? $clog2(SUMS) : 1;
  localparam int unsigned WEIGHT_ADDRESS = WEIGHTS > 1 ? $clog2(WEIGHTS) : 1;
  localparam int unsigned OUT_BITS = LEVELS > 0 ? $clog2(LEVELS + 1) : 16;
  localparam int unsigned ENTRY = 1 + 36 + LANES * OUT_BITS;
  localparam int unsigned QUEUE = 32;
  localparam int unsigned ON_THE_WAY = 16;  // more than the scan has stages

  logic bank, starts;
  logic scatter_idle, sums_idle, scan_idle, serial_idle, is_clear, has_room;
  logic tick_valid, tick_ready;

  assign tick_ready = sums_idle && scan_idle;
  assign in_ready = has_room && is_clear;
  assign starts = tick_valid && tick_ready;
  assign idle = scatter_idle && sums_idle && scan_idle && !queue_valid && serial_idle;

  always_ff @(posedge clk) begin
    if (reset) bank <= 1'b0;
    else if (starts) bank <= !bank;
  end

  logic visit_valid;
  logic [SUM_ADDRESS-1:0] visit_sum, sum_address, clear_address;
  logic [WEIGHT_ADDRESS-1:0] visit_weight;
  logic [VALUE_BITS-1:0] visit_value;
  logic [LANES*SUM_BITS-1:0] sum_data;
  logic clear, clear_both;

  ev_scatter #(
      .HEIGHT(IN_HEIGHT), .WIDTH(IN_WIDTH), .CHANNELS(IN_CHANNELS), .VALUE_BITS(VALUE_BITS),
      .COUNT_BITS(COUNT_BITS), .SUM_ADDRESS(SUM_ADDRESS), .WEIGHT_ADDRESS(WEIGHT_ADDRESS),
      .GROUPS(GROUPS), .SUM_ROW(WIDTH * GROUPS), .WEIGHT_ROW(WEIGHT_ROW),
      .WEIGHT_COLUMN(WEIGHT_COLUMN), .ROWS(ROWS), .COLUMNS(COLUMNS), .PLANES(PLANES)
  ) scatter (
      .clk, .reset, .in_valid(in_valid && is_clear), .in_ready(has_room), .in_event,
      .out_valid(visit_valid), .out_sum(visit_sum), .out_weight(visit_weight),
      .out_value(visit_value), .tick_valid, .tick_ready, .idle(scatter_idle), .stray);

  ev_accumulate #(
      .LANES(LANES), .SUM_BITS(SUM_BITS), .VALUE_BITS(VALUE_BITS), .SUMS(SUMS),
      .WEIGHTS(WEIGHTS), .WEIGHT_FILE(WEIGHT_FILE)
  ) accumulate (
      .clk, .reset, .bank,
      .in_valid(visit_valid), .in_sum(visit_sum), .in_weight(visit_weight),
      .in_value(visit_value), .idle(sums_idle),
      .read_address(sum_address), .read_data(sum_data), .clear, .clear_both, .clear_address);

  logic fired_valid, queue_room, queue_valid, queue_pop;
  logic [ENTRY-1:0] fired, queued;
  logic [$clog2(QUEUE):0] queue_used;
  logic fired_tick;
  logic [11:0] fired_y, fired_x, fired_channel;
  logic [LANES*OUT_BITS-1:0] fired_values;
  logic [LANES*16-1:0] peek_data;

  assign fired = {fired_tick, fired_y, fired_x, fired_channel, fired_values};
  assign queue_room = 32'(queue_used) <= QUEUE - ON_THE_WAY;

  ev_scan #(
      .LANES(LANES), .GROUPS(GROUPS), .CHANNELS(CHANNELS), .HEIGHT(HEIGHT), .WIDTH(WIDTH),
      .SUM_BITS(SUM_BITS), .SHIFT_LEFT(SHIFT_LEFT), .LEVELS(LEVELS),
      .ROUNDING(ROUNDING), .CONSTANTS(CONSTANTS)
  ) scan (
      .clk, .reset, .start(starts), .idle(scan_idle), .is_clear,
      .sum_address, .sum_data, .clear, .clear_both, .clear_address,
      .out_valid(fired_valid), .out_room(queue_room), .out_tick(fired_tick), .out_y(fired_y),
      .out_x(fired_x), .out_channel(fired_channel), .out_values(fired_values),
      .peek_address(peek_word[SUM_ADDRESS-1:0]), .peek_data);

  ev_fifo #(.WIDTH(ENTRY), .DEPTH(QUEUE)) queue (
      .clk, .reset, .push(fired_valid), .push_data(fired), .used(queue_used),
      .valid(queue_valid), .pop(queue_pop), .data(queued));

  logic queued_tick;
  logic [11:0] queued_y, queued_x, queued_channel;
  logic [LANES*OUT_BITS-1:0] queued_values;

  assign {queued_tick, queued_y, queued_x, queued_channel, queued_values} = queued;

  ev_serialise #(.LANES(LANES), .VALUE_BITS(OUT_BITS), .IS_SIGNED(LEVELS == 0)) serialise (
      .clk, .reset, .idle(serial_idle),
      .in_valid(queue_valid), .in_ready(queue_pop), .in_tick(queued_tick), .in_y(queued_y),
      .in_x(queued_x), .in_channel(queued_channel), .in_values(queued_values),
      .out_valid, .out_ready, .out_event);

  logic unused;
  assign unused = &{1'b0, peek_word};

  always_ff @(posedge clk) begin
    peek_value <= '0;
    for (int lane = 0; lane < LANES; lane++) begin
      if (32'(peek_lane) == lane) peek_value <= peek_data[lane*16+:16];
    end
  end

endmodule
