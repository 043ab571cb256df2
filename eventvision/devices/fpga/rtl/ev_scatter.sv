// From an event to all windows of a convolution that it lies in.
//
// Where windows lie is a matter of tables, one for rows, columns and channels, so that any stride,
// padding and pooling before the convolution costs no arithmetic. For a row (and likewise for a
// column) a table holds how many windows cover it, the first of them, and the row of the kernel
// that meets it there; for each further window the kernel's row goes back by the stride. Windows
// and kernel rows are stored as the parts of addresses that they stand for.
//
// One address pair leaves per cycle; the next event's tables are read meanwhile.
module ev_scatter #(
    parameter int unsigned HEIGHT = 2,         // of the plane that events come from
    parameter int unsigned WIDTH = 2,
    parameter int unsigned CHANNELS = 1,
    parameter int unsigned VALUE_BITS = 1,
    parameter int unsigned COUNT_BITS = 1,     // for the windows over a row or column
    parameter int unsigned SUM_ADDRESS = 1,
    parameter int unsigned WEIGHT_ADDRESS = 1,
    parameter int unsigned GROUPS = 1,         // words that hold all channels of a pixel
    parameter int unsigned SUM_ROW = 1,        // from one row of sums to the next
    parameter int unsigned WEIGHT_ROW = 1,     // from a kernel row back to that of the next window
    parameter int unsigned WEIGHT_COLUMN = 1,
    parameter ROWS = "",
    parameter COLUMNS = "",
    parameter PLANES = ""
) (
    input  logic clk,
    input  logic reset,

    input  logic              in_valid,
    output logic              in_ready,
    input  ev_types::event_t  in_event,

    output logic                      out_valid,
    output logic [SUM_ADDRESS-1:0]    out_sum,
    output logic [WEIGHT_ADDRESS-1:0] out_weight,
    output logic [VALUE_BITS-1:0]     out_value,

    output logic tick_valid,  // all before the end of the step has left
    input  logic tick_ready,
    output logic idle,
    output logic stray        // an event was dropped: it lies outside, or its value does
);

  localparam int unsigned ENTRY = COUNT_BITS + SUM_ADDRESS + WEIGHT_ADDRESS;
  localparam int unsigned ROW_BITS = HEIGHT > 1 ? $clog2(HEIGHT) : 1;
  localparam int unsigned COLUMN_BITS = WIDTH > 1 ? $clog2(WIDTH) : 1;
  localparam int unsigned PLANE_BITS = CHANNELS > 1 ? $clog2(CHANNELS) : 1;
  localparam int unsigned GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1;

  typedef struct packed {
    logic [COUNT_BITS-1:0]     windows;
    logic [SUM_ADDRESS-1:0]    sum;
    logic [WEIGHT_ADDRESS-1:0] weight;
  } entry_t;

  // First stage: the tables are read.

  logic is_inside, is_taken, moves, read_tick, read_event;
  logic [VALUE_BITS-1:0] read_value;
  entry_t row, column;
  logic [WEIGHT_ADDRESS-1:0] plane;

  assign is_inside = 32'(in_event.y) < HEIGHT && 32'(in_event.x) < WIDTH
      && 32'(in_event.channel) < CHANNELS
      && in_event.value[15:VALUE_BITS] == 0 && in_event.value[VALUE_BITS-1:0] != 0;
  assign in_ready = !(read_tick || read_event) || moves;
  assign is_taken = in_valid && in_ready;

  always_ff @(posedge clk) begin
    if (reset) begin
      read_tick  <= 1'b0;
      read_event <= 1'b0;
      stray      <= 1'b0;
    end else begin
      if (in_ready) begin
        read_tick  <= is_taken && in_event.tick;
        read_event <= is_taken && !in_event.tick && is_inside;
      end
      stray <= is_taken && !in_event.tick && !is_inside;
    end
    if (in_ready) read_value <= in_event.value[VALUE_BITS-1:0];
  end

  ev_rom #(.WIDTH(ENTRY), .DEPTH(HEIGHT), .FILE(ROWS)) rows (
      .clk, .enable(in_ready), .address(in_event.y[ROW_BITS-1:0]), .data(row));
  ev_rom #(.WIDTH(ENTRY), .DEPTH(WIDTH), .FILE(COLUMNS)) columns (
      .clk, .enable(in_ready), .address(in_event.x[COLUMN_BITS-1:0]), .data(column));
  ev_rom #(.WIDTH(WEIGHT_ADDRESS), .DEPTH(CHANNELS), .FILE(PLANES)) planes (
      .clk, .enable(in_ready), .address(in_event.channel[PLANE_BITS-1:0]), .data(plane));

  // Second stage: the windows are visited, row by row.

  logic busy, ends_group, ends_row, ends, reaches;
  entry_t rest, here, first;  // rest: rows still to come; here: place in the row; first: its start
  logic [GROUP_BITS-1:0] group;
  logic [VALUE_BITS-1:0] value;

  assign reaches = row.windows != 0 && column.windows != 0;
  assign ends_group = 32'(group) == GROUPS - 1;
  assign ends_row = ends_group && here.windows == 1;
  assign ends = ends_row && rest.windows == 1;
  assign tick_valid = read_tick && !busy;
  assign moves = read_tick ? tick_valid && tick_ready : !busy || ends;
  assign idle = !busy && !read_event && !read_tick && !out_valid;

  always_ff @(posedge clk) begin
    if (reset) busy <= 1'b0;
    else if (read_event && moves) busy <= reaches;
    else if (ends) busy <= 1'b0;
  end

  always_ff @(posedge clk) begin
    if (read_event && moves) begin
      group <= '0;
      value <= read_value;
      rest.windows <= row.windows;
      rest.sum <= row.sum;
      rest.weight <= row.weight + plane;
      here  <= column;
      first <= column;
    end else begin
      group <= ends_group ? '0 : group + 1'b1;
      if (ends_row) begin
        rest.windows <= rest.windows - 1'b1;
        rest.sum     <= rest.sum + SUM_ADDRESS'(SUM_ROW);
        rest.weight  <= rest.weight - WEIGHT_ADDRESS'(WEIGHT_ROW);
        here         <= first;
      end else if (ends_group) begin
        here.windows <= here.windows - 1'b1;
        here.sum     <= here.sum + SUM_ADDRESS'(GROUPS);
        here.weight  <= here.weight - WEIGHT_ADDRESS'(WEIGHT_COLUMN);
      end
    end
  end

  always_ff @(posedge clk) begin
    out_valid  <= busy && !reset;
    out_sum    <= rest.sum + here.sum + SUM_ADDRESS'(group);
    out_weight <= rest.weight + here.weight + WEIGHT_ADDRESS'(group);
    out_value  <= value;
  end

endmodule
