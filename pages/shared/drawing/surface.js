// A picture to draw on. Places are shares of the picture, 0 to 1, in marks and everywhere else.
const HINTS = {
  box: "Draw a box around the object. Move it by its middle, pull it by its corners, or use the arrow keys.",
  keep: "Paint over what belongs to the object.",
  leave: "Paint over what does not belong to it.",
  full: "There is no room for more strokes: undo or clear some.",
};
const COLORS = { true: "#1fa84c", false: "#e0322b" };
const RIM_PX = 2;  // of white around a stroke, for it may have its object's colour
const BRUSH = 0.025;  // of the picture's height
const SMALLEST = 0.02;
const MOST_STROKES = 100;
const MOST_POINTS = 1000;
const REACH_PX = 22;  // how near a corner a finger must be
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
const short = (value) => Math.round(value * 1e4) / 1e4;
const copy = (marks) => structuredClone(marks);

function boxFrom([x0, y0], [x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)].map(short);
}

function moved([left, top, width, height], dx, dy) {
  return [within(left + dx, 0, 1 - width), within(top + dy, 0, 1 - height), width, height].map(short);
}

function resized([left, top, width, height], dx, dy) {
  return [left, top, within(width + dx, SMALLEST, 1 - left), within(height + dy, SMALLEST, 1 - top)].map(short);
}

class Surface {
  constructor(root, data) {
    this.find = (what) => root.querySelector(what);
    [this.stage, this.canvas, this.box, this.hint] = [".stage", "canvas", ".box", ".hint"].map(this.find);
    this.buttons = [...root.querySelectorAll("button")];
    this.marks = copy(data.marks);
    this.home = data.home;
    this.turn = data.turn;  // counts what was drawn
    this.past = [];
    this.tool = "box";
    const picture = this.find("img");
    picture.src = data.picture;
    picture.alt = data.alt;
    this.stage.style.width = `min(100%, ${70 * data.aspect}vh)`;
    this.stage.style.aspectRatio = data.aspect;
    this.listen();
    this.choose("box");
  }

  listen() {
    for (const button of this.buttons) {
      button.onclick = () => (button.dataset.tool ? this.choose(button.dataset.tool) : this[button.dataset.do]());
    }
    this.canvas.onpointerdown = (event) => this.begin(event);
    this.canvas.onpointermove = (event) => this.gesture?.move(this.place(event));
    this.canvas.onpointerup = () => this.end();
    this.canvas.onpointercancel = () => this.end(false);
    this.box.onkeydown = (event) => this.press(event);
    this.watcher = new ResizeObserver(() => this.draw());
  }

  choose(tool) {
    this.tool = tool;
    this.draw();
  }

  undo() {
    this.marks = this.past.pop();
    this.tell();
  }

  clear() {
    this.past.push(this.marks);
    this.marks = { box: [...this.home], strokes: [] };
    this.tell();
  }

  /** Tell the page what is drawn now; while keys are held, only after the last one. */
  tell(after_ms = 0) {
    this.turn += 1;
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("marks", { ...copy(this.marks), turn: this.turn }), after_ms);
  }

  /** Take the page's marks, unless they are from before something that was drawn here. */
  take({ marks, turn }) {
    if (turn !== this.turn || this.gesture || JSON.stringify(marks) === JSON.stringify(this.marks)) return;
    this.past.push(this.marks);
    this.marks = copy(marks);
    this.draw();
  }

  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [within((event.clientX - frame.left) / frame.width), within((event.clientY - frame.top) / frame.height)];
  }

  begin(event) {
    if (this.gesture || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    const start = this.place(event);
    const before = copy(this.marks);
    const move = this.tool === "box" ? this.pull(start) : this.paint(start);
    if (!move) return;
    this.gesture = { before, move: (at) => { move(at); this.draw(); } };
    this.draw();
  }

  end(keep = true) {
    if (!this.gesture) return;
    const { before } = this.gesture;
    this.gesture = null;
    const [, , width, height] = this.marks.box;
    const same = JSON.stringify(before) === JSON.stringify(this.marks);
    if (!keep || same || Math.min(width, height) < SMALLEST) {  // a mere tap is no box
      this.marks = before;
      this.draw();
      return;
    }
    this.past.push(before);
    this.tell();
  }

  /** Return what a movement does that begins here: pull a corner, move the box, or draw a new one. */
  pull(start) {
    const box = this.marks.box;
    const [left, top, width, height] = box;
    const frame = this.canvas.getBoundingClientRect();
    const away = ([x, y]) => Math.hypot((x - start[0]) * frame.width, (y - start[1]) * frame.height);
    for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      if (away([left + x * width, top + y * height]) <= REACH_PX) {
        const fixed = [left + (1 - x) * width, top + (1 - y) * height];
        return (at) => { this.marks.box = boxFrom(fixed, at); };
      }
    }
    const inside = start[0] > left && start[0] < left + width && start[1] > top && start[1] < top + height;
    if (inside) return (at) => { this.marks.box = moved(box, at[0] - start[0], at[1] - start[1]); };
    return (at) => { this.marks.box = boxFrom(start, at); };
  }

  paint(start) {
    if (this.marks.strokes.length >= MOST_STROKES) {
      this.hint.textContent = HINTS.full;
      return null;
    }
    const points = [start.map(short)];
    this.marks.strokes.push({ keep: this.tool === "keep", width: BRUSH, points });
    return (at) => { if (points.length < MOST_POINTS) points.push(at.map(short)); };
  }

  press(event) {
    const way = KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    const [dx, dy] = way.map((step) => step / 100);
    this.past.push(copy(this.marks));
    this.marks.box = (event.shiftKey ? resized : moved)(this.marks.box, dx, dy);
    this.tell(300);
  }

  draw() {
    const [left, top, width, height] = this.marks.box.map((share) => `${share * 100}%`);
    Object.assign(this.box.style, { left, top, width, height });
    for (const button of this.buttons) {
      if (button.dataset.tool) button.setAttribute("aria-pressed", button.dataset.tool === this.tool);
    }
    this.buttons.find((button) => button.dataset.do === "undo").disabled = !this.past.length;
    this.hint.textContent = HINTS[this.tool];
    const { clientWidth, clientHeight } = this.canvas;
    Object.assign(this.canvas, { width: clientWidth * devicePixelRatio, height: clientHeight * devicePixelRatio });
    const pen = this.canvas.getContext("2d");
    pen.lineCap = pen.lineJoin = "round";
    for (const { keep, width: share, points } of this.marks.strokes) {
      const line = new Path2D();
      for (const [x, y] of [points[0], ...points]) line.lineTo(x * this.canvas.width, y * this.canvas.height);
      for (const [color, rim] of [["#fff", RIM_PX * devicePixelRatio], [COLORS[keep], 0]]) {
        pen.strokeStyle = color;
        pen.lineWidth = share * this.canvas.height + 2 * rim;
        pen.stroke(line);
      }
    }
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const surface = parentElement.surface ??= new Surface(parentElement, data);
  surface.send = setStateValue;
  surface.take(data);
  surface.watcher.observe(surface.stage);
  return () => surface.watcher.disconnect();
}
