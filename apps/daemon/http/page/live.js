"use strict";

const PALETTE = ["#e6eaf0", "#5fd08a", "#ffb054", "#4896ff", "#d58bff", "#ff8f8f", "#66d9e8"];
const ON_OFF = { ON: "#ffb054", OFF: "#4896ff" };
const EVERY_MS = 1000;

const at = (id) => document.getElementById(id);
const rate = new Chart(at("rate"), at("rate-legend"), { format: short });
const latency = new Chart(at("latency"), at("latency-legend"), {
  format: (ms) => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`,
});
let maySwitch = false;
let streaming = false;

function short(number) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (number >= size) return `${(number / size).toFixed(number < 10 * size ? 2 : 1)}${unit}`;
  }
  return number.toFixed(0);
}

async function ask(address, options = {}) {
  const answer = await fetch(address, { cache: "no-store", ...options });
  if (answer.status === 401) location.replace("/login");
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

function switched(address, on) {
  const headers = { "Content-Type": "application/json" };
  return ask(address, { method: "PUT", headers, body: JSON.stringify({ on }) }).then(look, look);
}

function rows(place, entries) {
  place.replaceChildren(
    ...entries.map(([name, value, kind]) => {
      const row = document.createElement("div");
      const left = document.createElement("span");
      const right = document.createElement("span");
      row.className = "row";
      left.className = "dim";
      if (kind) right.className = kind;
      left.textContent = name;
      right.textContent = value;
      row.append(left, right);
      return row;
    }),
  );
}

function showState(status) {
  const mark = at("state");
  const is = status.waiting ? "waiting for the camera"
    : status.paused ? "paused" : status.running ? "running" : "stopped";
  mark.textContent = is;
  mark.className = `state ${is === "running" ? "good" : status.running ? "" : "bad"}`;
  const record = at("record");
  record.hidden = false;
  record.disabled = !maySwitch;
  record.setAttribute("aria-pressed", String(status.recorder !== null));
  record.textContent = status.recorder ? `Recording ${status.recorder.seconds.toFixed(0)} s` : "Record";
}

function showCharts(status) {
  const now = performance.now() / 1000;
  const on = status.on_rate_hz;
  rate.add(now, { ON: on, OFF: Math.max(0, status.event_rate_hz - on) }, ON_OFF);
  const stages = Object.entries(status.stages).filter(([, told]) => told.count);
  stages.sort(([one], [other]) => (other === "total") - (one === "total"));
  const shown = stages.slice(0, PALETTE.length);
  const colours = Object.fromEntries(shown.map(([name], index) => [name, PALETTE[index]]));
  if (shown.length) {
    latency.add(now, Object.fromEntries(shown.map(([name, told]) => [name, told.p99_ms])), colours);
  }
}

function showTasks(status) {
  const place = at("tasks");
  const tasks = Object.entries(status.tasks);
  if (place.childElementCount !== tasks.length) {
    place.replaceChildren(...tasks.map(([name]) => {
      const row = document.createElement("div");
      const label = document.createElement("span");
      const button = document.createElement("button");
      row.className = "row";
      button.addEventListener("click", () =>
        switched(`/api/tasks/${encodeURIComponent(name)}`, button.getAttribute("aria-pressed") !== "true"));
      row.append(label, button);
      return row;
    }));
  }
  tasks.forEach(([name, told], index) => {
    const [label, button] = place.children[index].children;
    const details = told.on ? ` ${told.rate_hz.toFixed(0)} Hz, ${told.p99_ms.toFixed(1)} ms` : "";
    label.textContent = name + details + (told.device ? `, ${told.device}` : "");
    button.textContent = told.on ? "on" : "off";
    button.setAttribute("aria-pressed", String(told.on));
    button.setAttribute("aria-label", `${name} ${told.on ? "on" : "off"}`);
    button.disabled = !maySwitch;
  });
}

function showRun(status) {
  const dropped = Object.entries(status.dropped).filter(([, count]) => count);
  const reasons = Object.entries(status.slices_by_reason);
  rows(at("run"), [
    ["events", short(status.events)],
    ["slices", `${short(status.slices)}${reasons.length ? ` (${reasons.map(([name, count]) => `${name} ${short(count)}`).join(", ")})` : ""}`],
    ...(status.recorder ? [["recording", `${(status.recorder.bytes / 1e6).toFixed(1)} MB`]] : []),
    ...(dropped.length ? dropped.map(([cause, count]) => [cause, short(count), "alarm"]) : [["dropped", "0"]]),
    ["damage", String(status.damage)],
    ...status.networks.map((network) => [network.model, `${network.device}, ${short(network.steps)} steps, ${network.failures} failures`]),
  ]);
}

function showResults(results) {
  const alarmed = results?.alarm?.objects.length > 0;
  at("alarm").textContent = alarmed ? "ALARM" : "";
  const counts = results?.counts;
  at("counts-card").hidden = !counts;
  if (!counts) return;
  rows(at("counts"), [
    ...counts.lines.map((line) => [line.name, `${line.forward} → / ${line.backward} ←`]),
    ...counts.zones.map((zone) => [zone.name, `${zone.inside} inside, ${zone.entered} entered, ${(zone.dwell_us / 1e6).toFixed(1)} s each`]),
  ]);
}

function stream(wanted) {
  if (wanted === streaming) return;
  streaming = wanted;
  const picture = at("picture");
  picture.hidden = !wanted;
  at("nothing").hidden = wanted;
  if (wanted) picture.src = `/live.mjpg?${Date.now()}`;
  else picture.removeAttribute("src");
}

async function look() {
  try {
    const status = await ask("/api/status");
    showState(status);
    showCharts(status);
    showTasks(status);
    showRun(status);
    showResults(await ask("/api/results"));
    if (status.slices) stream(true);
  } catch {
    at("state").textContent = "no answer";
    at("state").className = "state bad";
    stream(false);
  }
}

at("picture").addEventListener("error", () => { if (streaming) stream(false); });
at("record").addEventListener("click", () =>
  switched("/api/recording", at("record").getAttribute("aria-pressed") !== "true"));
at("logout").addEventListener("click", async () => {
  await ask("/api/logout", { method: "POST" });
  location.replace("/login");
});
document.addEventListener("visibilitychange", () => { if (document.hidden) stream(false); });

ask("/api/session").then((session) => {
  maySwitch = session.role === "operator";
  at("logout").hidden = !session.user;
}).catch(() => {});
look();
setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
