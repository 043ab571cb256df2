// Memory with one port to read and one to write, as block RAMs offer it. Data come one cycle after
// their address. Reading what is written in the same cycle gives the old word.
module ev_ram #(
    parameter int unsigned WIDTH = 8,
    parameter int unsigned DEPTH = 2,
    localparam int unsigned ADDRESS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input  logic               clk,
    input  logic [ADDRESS-1:0] read_address,
    output logic [WIDTH-1:0]   read_data,
    input  logic               write,
    input  logic [ADDRESS-1:0] write_address,
    input  logic [WIDTH-1:0]   write_data
);

  logic [WIDTH-1:0] memory[DEPTH];

  always_ff @(posedge clk) begin
    read_data <= memory[read_address];
    if (write) memory[write_address] <= write_data;
  end

endmodule
