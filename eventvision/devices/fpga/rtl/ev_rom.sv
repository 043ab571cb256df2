// Constant memory, filled from an image of hexadecimal words. Data come one cycle after their
// address and stay while `enable` is low.
module ev_rom #(
    parameter int unsigned WIDTH = 8,
    parameter int unsigned DEPTH = 2,
    parameter FILE = "",
    localparam int unsigned ADDRESS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input  logic               clk,
    input  logic               enable,
    input  logic [ADDRESS-1:0] address,
    output logic [WIDTH-1:0]   data
);

  logic [WIDTH-1:0] memory[DEPTH];

`ifdef VERILATOR
  // One simulation serves any weights: it is told at run time where their images lie.
  string folder;
  initial begin
    if ($value$plusargs("memories=%s", folder) == 0) folder = ".";
    $readmemh({folder, "/", FILE}, memory);
  end
`else
  initial $readmemh(FILE, memory);
`endif

  always_ff @(posedge clk) begin
    if (enable) data <= memory[address];
  end

endmodule
