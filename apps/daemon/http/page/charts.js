"use strict";

/* Lines over the last minutes on a canvas: as many as there are names, on one scale from zero. */
class Chart {
  constructor(canvas, legend, { format, seconds = 120 }) {
    this.canvas = canvas;
    this.legend = legend;
    this.format = format;
    this.seconds = seconds;
    this.samples = [];
  }

  /* Take the values of now, by name; colours are given with the names. */
  add(now, values, colours) {
    this.samples.push({ now, values });
    while (now - this.samples[0].now > this.seconds) this.samples.shift();
    this.colours = colours;
    this.draw();
    this.tell(values);
  }

  tell(values) {
    this.legend.replaceChildren(
      ...Object.entries(values).map(([name, value]) => {
        const entry = document.createElement("span");
        const dot = document.createElement("i");
        const number = document.createElement("b");
        dot.style.setProperty("background", this.colours[name]);
        number.textContent = this.format(value);
        entry.append(dot, `${name} `, number);
        return entry;
      }),
    );
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const top = this.top();
    const bottom = height - 2;
    this.grid(pen, width, bottom, top);
    const end = this.samples.at(-1).now;
    for (const name of Object.keys(this.samples.at(-1).values)) {
      pen.beginPath();
      pen.strokeStyle = this.colours[name];
      pen.lineWidth = 1.8;
      pen.lineJoin = "round";
      for (const { now, values } of this.samples) {
        const x = width * (1 - (end - now) / this.seconds);
        pen.lineTo(x, bottom - ((values[name] ?? 0) / top) * (bottom - 14));
      }
      pen.stroke();
    }
  }

  /* The end of the scale: 1, 2 or 5 times a power of ten above everything. */
  top() {
    const most = Math.max(1e-9, ...this.samples.flatMap(({ values }) => Object.values(values)));
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= most);
  }

  grid(pen, width, bottom, top) {
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = "#8b97a6";
    pen.strokeStyle = "#252f3c";
    for (const share of [0, 0.5, 1]) {
      const y = Math.round(bottom - share * (bottom - 14)) + 0.5;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(width, y);
      pen.stroke();
      if (share) pen.fillText(this.format(share * top), 2, y - 3);
    }
  }
}
