// Registers on an AXI4-Lite bus, 32 bits wide. docs/devices/fpga.md has the map.
//
// Writes take effect when address and data have both come; a read looks at what is there when its
// address comes, one cycle later for a potential that is peeked at.
module ev_registers #(
    parameter DIGEST = ""
) (
    input  logic clk,
    input  logic reset,

    input  logic [5:0]  s_axi_awaddr,
    input  logic        s_axi_awvalid,
    output logic        s_axi_awready,
    input  logic [31:0] s_axi_wdata,
    input  logic        s_axi_wvalid,
    output logic        s_axi_wready,
    output logic [1:0]  s_axi_bresp,
    output logic        s_axi_bvalid,
    input  logic        s_axi_bready,
    input  logic [5:0]  s_axi_araddr,
    input  logic        s_axi_arvalid,
    output logic        s_axi_arready,
    output logic [31:0] s_axi_rdata,
    output logic [1:0]  s_axi_rresp,
    output logic        s_axi_rvalid,
    input  logic        s_axi_rready,

    output logic        restart,       // one cycle: forget all state
    input  logic        idle,
    input  logic        stray,
    input  logic        counts_in,     // an event was taken
    input  logic        starts_tick,   // the end of a step was taken
    input  logic        counts_out,    // an event was sent
    input  logic        ends_tick,     // the end of a step was sent
    output logic [7:0]  peek_layer,
    output logic [19:0] peek_word,
    output logic [11:0] peek_lane,
    input  logic signed [15:0] peek_value
);

  localparam logic [31:0] IDENTITY = 32'h45565631;  // "EVV1"

  // Counters.

  logic [31:0] digest, events_in, events_out, steps, busy_cycles, latency, since_tick;
  logic has_strayed;

  ev_rom #(.WIDTH(32), .DEPTH(1), .FILE(DIGEST)) digest_word (
      .clk, .enable(1'b1), .address(1'b0), .data(digest));

  always_ff @(posedge clk) begin
    if (reset || restart) begin
      {events_in, events_out, steps, busy_cycles, latency, since_tick} <= '0;
      has_strayed <= 1'b0;
    end else begin
      events_in <= events_in + 32'(counts_in);
      events_out <= events_out + 32'(counts_out);
      steps <= steps + 32'(ends_tick);
      busy_cycles <= busy_cycles + 32'(!idle);
      since_tick <= starts_tick ? 32'd1 : since_tick + 1'b1;
      if (ends_tick) latency <= since_tick;
      has_strayed <= has_strayed || stray;
    end
  end

  // Writing.

  logic writes;

  assign writes = s_axi_awvalid && s_axi_wvalid && !s_axi_bvalid;
  assign s_axi_awready = writes;
  assign s_axi_wready = writes;
  assign s_axi_bresp = 2'b00;

  always_ff @(posedge clk) begin
    if (reset) begin
      s_axi_bvalid <= 1'b0;
      restart <= 1'b0;
      {peek_layer, peek_word, peek_lane} <= '0;
    end else begin
      if (writes) s_axi_bvalid <= 1'b1;
      else if (s_axi_bready) s_axi_bvalid <= 1'b0;
      restart <= writes && s_axi_awaddr[5:2] == 4'h2 && s_axi_wdata[0];
      if (writes) begin
        case (s_axi_awaddr[5:2])
          4'h3: peek_layer <= s_axi_wdata[7:0];
          4'h4: peek_word <= s_axi_wdata[19:0];
          4'h5: peek_lane <= s_axi_wdata[11:0];
          default: ;
        endcase
      end
    end
  end

  // Reading.

  logic reads;

  assign reads = s_axi_arvalid && !s_axi_rvalid;
  assign s_axi_arready = reads;
  assign s_axi_rresp = 2'b00;

  always_ff @(posedge clk) begin
    if (reset) s_axi_rvalid <= 1'b0;
    else if (reads) s_axi_rvalid <= 1'b1;
    else if (s_axi_rready) s_axi_rvalid <= 1'b0;
    if (reads) begin
      case (s_axi_araddr[5:2])
        4'h0: s_axi_rdata <= IDENTITY;
        4'h1: s_axi_rdata <= digest;
        4'h2: s_axi_rdata <= {30'b0, has_strayed, idle};
        4'h3: s_axi_rdata <= 32'(peek_layer);
        4'h4: s_axi_rdata <= 32'(peek_word);
        4'h5: s_axi_rdata <= 32'(peek_lane);
        4'h6: s_axi_rdata <= 32'(peek_value);
        4'h7: s_axi_rdata <= events_in;
        4'h8: s_axi_rdata <= events_out;
        4'h9: s_axi_rdata <= steps;
        4'ha: s_axi_rdata <= busy_cycles;
        4'hb: s_axi_rdata <= latency;
        default: s_axi_rdata <= '0;
      endcase
    end
  end

  logic unused;
  assign unused = &{1'b0, s_axi_wdata[31:20], s_axi_awaddr[1:0], s_axi_araddr[1:0]};

endmodule
