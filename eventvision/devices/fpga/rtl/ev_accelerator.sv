// The whole accelerator, as it stands in a block design: events come and go on AXI4-Stream, state is
// looked at and reset over AXI4-Lite. `ev_network` is generated for a model.
//
// A word of 64 bits is an event: value in bits 0 to 15, x in 16 to 27, y in 28 to 39, channel in 40
// to 51; or, with bit 63 set and all others zero, the end of a step. `tlast` goes with the end of a
// step on the way out and is not looked at on the way in.
module ev_accelerator (
    input  logic        clk,
    input  logic        resetn,

    input  logic [63:0] s_axis_tdata,
    input  logic        s_axis_tvalid,
    output logic        s_axis_tready,
    input  logic        s_axis_tlast,

    output logic [63:0] m_axis_tdata,
    output logic        m_axis_tvalid,
    input  logic        m_axis_tready,
    output logic        m_axis_tlast,

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

    // What each layer sends, for a simulation to see; on a chip it is left open and costs nothing.
    output logic [ev_model::LAYERS-1:0]    monitor_valid,
    output logic [ev_model::LAYERS*64-1:0] monitor_tdata
);

  logic reset, restart, idle, stray, taken, sent;
  ev_types::event_t in_event, out_event;
  logic [ev_model::LAYERS*53-1:0] layer_events;
  logic [7:0] peek_layer;
  logic [19:0] peek_word;
  logic [11:0] peek_lane;
  logic signed [15:0] peek_value;

  always_ff @(posedge clk) reset <= !resetn || restart;

  assign in_event = {s_axis_tdata[63], s_axis_tdata[51:0]};
  assign taken = s_axis_tvalid && s_axis_tready;
  assign sent = m_axis_tvalid && m_axis_tready;
  assign m_axis_tdata = {out_event.tick, 11'b0, out_event[51:0]};
  assign m_axis_tlast = out_event.tick;

  ev_network network (
      .clk, .reset, .idle, .stray,
      .in_valid(s_axis_tvalid), .in_ready(s_axis_tready), .in_event,
      .out_valid(m_axis_tvalid), .out_ready(m_axis_tready), .out_event,
      .layer_valid(monitor_valid), .layer_events,
      .peek_layer, .peek_word, .peek_lane, .peek_value);

  for (genvar layer = 0; layer < ev_model::LAYERS; layer++) begin : monitors
    assign monitor_tdata[layer*64+:64] = {layer_events[layer*53+52], 11'b0, layer_events[layer*53+:52]};
  end

  ev_registers #(.DIGEST("digest.hex")) registers (
      .clk, .reset(!resetn),
      .s_axi_awaddr, .s_axi_awvalid, .s_axi_awready, .s_axi_wdata, .s_axi_wvalid, .s_axi_wready,
      .s_axi_bresp, .s_axi_bvalid, .s_axi_bready, .s_axi_araddr, .s_axi_arvalid, .s_axi_arready,
      .s_axi_rdata, .s_axi_rresp, .s_axi_rvalid, .s_axi_rready,
      .restart, .idle(idle && !reset && !restart), .stray,
      .counts_in(taken && !in_event.tick), .starts_tick(taken && in_event.tick),
      .counts_out(sent && !out_event.tick), .ends_tick(sent && out_event.tick),
      .peek_layer, .peek_word, .peek_lane, .peek_value);

  logic unused;
  assign unused = &{1'b0, s_axis_tlast, s_axis_tdata[62:52]};

endmodule
