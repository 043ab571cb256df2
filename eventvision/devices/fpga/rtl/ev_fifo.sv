// Queue; the oldest word is there to be seen without being asked for.
module ev_fifo #(
    parameter int unsigned WIDTH = 8,
    parameter int unsigned DEPTH = 16,  // a power of two
    localparam int unsigned ADDRESS = $clog2(DEPTH)
) (
    input  logic             clk,
    input  logic             reset,
    input  logic             push,
    input  logic [WIDTH-1:0] push_data,
    output logic [ADDRESS:0] used,
    output logic             valid,
    input  logic             pop,
    output logic [WIDTH-1:0] data
);

  logic [WIDTH-1:0] memory[DEPTH];
  logic [ADDRESS:0] head, tail;

  assign used  = tail - head;
  assign valid = used != 0;
  assign data  = memory[head[ADDRESS-1:0]];

  always_ff @(posedge clk) begin
    if (push) memory[tail[ADDRESS-1:0]] <= push_data;
  end

  always_ff @(posedge clk) begin
    if (reset) begin
      head <= '0;
      tail <= '0;
    end else begin
      if (push) tail <= tail + 1'b1;
      if (pop && valid) head <= head + 1'b1;
    end
  end

endmodule
