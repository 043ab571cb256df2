// The accelerator in simulation, behind a C interface: a bus master for its registers, a source and
// a sink for its streams, and an eye on what each layer sends.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "Vev_accelerator.h"
#include "verilated.h"

namespace {

constexpr uint64_t kTick = uint64_t{1} << 63;
constexpr int kBusCycles = 64;

struct Accelerator {
  VerilatedContext context;
  std::unique_ptr<Vev_accelerator> top;
  uint64_t cycles = 0;
  uint32_t random = 1;
  uint32_t stalls = 0;  // of 256 cycles, in each direction
  bool watches = false;
  int layers;
  std::vector<uint64_t> received;
  std::vector<std::vector<uint64_t>> seen;

  explicit Accelerator(const std::string& memories, int layers) : layers(layers), seen(layers) {
    const std::string argument = "+memories=" + memories;
    const char* arguments[] = {"simulation", argument.c_str()};
    context.commandArgs(2, arguments);
    top = std::make_unique<Vev_accelerator>(&context, "top");
    top->m_axis_tready = 0;
    top->resetn = 0;
    for (int cycle = 0; cycle < 4; ++cycle) clock();
    top->resetn = 1;
    clock();
  }

  ~Accelerator() { top->final(); }

  bool stalls_now() {
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    return (random & 255) < stalls;
  }

  // One cycle; what is seen before the edge is what is taken at it.
  void clock() {
    top->clk = 0;
    top->eval();
    if (watches) watch();
    top->clk = 1;
    top->eval();
    ++cycles;
  }

  void watch() {
    for (int layer = 0; layer < layers; ++layer) {
      if (!(valid_bits(layer))) continue;
      seen[layer].push_back(monitored(layer));
    }
  }

  bool valid_bits(int layer) const { return bit(top->monitor_valid, layer); }

  uint64_t monitored(int layer) const { return word(top->monitor_tdata, layer); }

  // Verilator makes vectors integers or arrays of 32 bits, as long as they are.
  static bool bit(uint64_t vector, int index) { return vector >> index & 1; }
  template <typename Wide>
  static auto bit(const Wide& vector, int index) -> decltype(vector.data(), bool()) {
    return vector.data()[index / 32] >> (index % 32) & 1;
  }
  static uint64_t word(uint64_t vector, int) { return vector; }
  template <typename Wide>
  static auto word(const Wide& vector, int index) -> decltype(vector.data(), uint64_t()) {
    return vector.data()[2 * index] | uint64_t{vector.data()[2 * index + 1]} << 32;
  }
};

}  // namespace

extern "C" {

void* ev_open(const char* memories, int layers) { return new Accelerator(memories, layers); }

void ev_close(void* handle) { delete static_cast<Accelerator*>(handle); }

uint64_t ev_cycles(void* handle) { return static_cast<Accelerator*>(handle)->cycles; }

// Hold back the streams in so many of 256 cycles, at random.
void ev_stall(void* handle, uint32_t stalls, uint32_t seed) {
  auto& it = *static_cast<Accelerator*>(handle);
  it.stalls = stalls;
  it.random = seed | 1;
}

// Write a register; 0 if the bus does not answer.
int ev_write(void* handle, uint32_t address, uint32_t value) {
  auto& it = *static_cast<Accelerator*>(handle);
  auto& top = *it.top;
  top.s_axi_awaddr = address;
  top.s_axi_wdata = value;
  top.s_axi_awvalid = top.s_axi_wvalid = top.s_axi_bready = 1;
  bool done = false;
  for (int cycle = 0; cycle < kBusCycles && !done; ++cycle) {
    top.clk = 0;
    top.eval();
    const bool taken = top.s_axi_awready && top.s_axi_wready;
    done = top.s_axi_bvalid;
    it.clock();
    if (taken) top.s_axi_awvalid = top.s_axi_wvalid = 0;
  }
  top.s_axi_bready = 0;
  return done;
}

// Read a register; 0 if the bus does not answer.
int ev_read(void* handle, uint32_t address, uint32_t* value) {
  auto& it = *static_cast<Accelerator*>(handle);
  auto& top = *it.top;
  top.s_axi_araddr = address;
  top.s_axi_arvalid = top.s_axi_rready = 1;
  bool done = false;
  for (int cycle = 0; cycle < kBusCycles && !done; ++cycle) {
    top.clk = 0;
    top.eval();
    const bool taken = top.s_axi_arready;
    done = top.s_axi_rvalid;
    *value = top.s_axi_rdata;
    it.clock();
    if (taken) top.s_axi_arvalid = 0;
  }
  top.s_axi_rready = 0;
  return done;
}

// Note all that layers send from now on, or no more; what was noted is forgotten.
void ev_watch(void* handle, int watches) {
  auto& it = *static_cast<Accelerator*>(handle);
  it.watches = watches;
  for (auto& each : it.seen) each.clear();
}

// Return how much a layer sent since it is watched, and where it lies until the next call.
uint64_t ev_seen(void* handle, int layer, const uint64_t** words) {
  const auto& seen = static_cast<Accelerator*>(handle)->seen[layer];
  *words = seen.data();
  return seen.size();
}

// Send words and receive until so many ends of steps have come. Returns how many words came and
// where they lie until the next call; -1 if nothing moved for `patience` cycles.
int64_t ev_exchange(void* handle, const uint64_t* words, uint64_t number, uint64_t ticks,
                    uint64_t patience, const uint64_t** received) {
  auto& it = *static_cast<Accelerator*>(handle);
  auto& top = *it.top;
  it.received.clear();
  uint64_t sent = 0, quiet = 0;
  bool offers = false;
  while ((ticks || sent < number) && quiet < patience) {
    // Once offered, a word stays until it is taken, as the protocol demands.
    offers = sent < number && (offers || !it.stalls_now());
    top.s_axis_tvalid = offers;
    if (offers) top.s_axis_tdata = words[sent];
    top.m_axis_tready = !it.stalls_now();
    top.clk = 0;
    top.eval();
    const bool goes = offers && top.s_axis_tready;
    const bool comes = top.m_axis_tvalid && top.m_axis_tready;
    const uint64_t word = top.m_axis_tdata;
    it.clock();
    if (goes) {
      ++sent;
      offers = false;
    }
    if (comes) {
      it.received.push_back(word);
      if (word & kTick && ticks) --ticks;
    }
    quiet = goes || comes ? 0 : quiet + 1;
  }
  top.s_axis_tvalid = top.m_axis_tready = 0;
  *received = it.received.data();
  return ticks || sent < number ? -1 : static_cast<int64_t>(it.received.size());
}

}  // extern "C"
