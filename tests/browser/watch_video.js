// Notes every picture that any <video> on the page shows: its time, its size, and how much of the wall's fine
// pattern is in it (the mean step between neighbouring pixels, in a strip that the person never reaches).
window.seen = [];
const canvas = new OffscreenCanvas(1, 1);
const pen = canvas.getContext("2d", { willReadFrequently: true });

function roughness(video) {
  const width = video.videoWidth, height = video.videoHeight;
  const columns = Math.round(width * 0.08), rows = Math.round(height * 0.2);
  canvas.width = columns;
  canvas.height = rows;
  pen.drawImage(video, 0, 0, columns, rows, 0, 0, columns, rows);
  const pixels = pen.getImageData(0, 0, columns, rows).data;
  let sum = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 8; column < columns; column++)
      sum += Math.abs(pixels[4 * (row * columns + column)] - pixels[4 * (row * columns + column - 8)]);
  return sum / (rows * (columns - 8));
}

function watch(video) {
  const note = (now, frame) => {
    window.seen.push({ at_ms: now, time_s: frame.mediaTime, rtp: frame.rtpTimestamp, width: video.videoWidth,
      height: video.videoHeight, roughness: roughness(video) });
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
}

const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
  ...source,
  set(stream) {
    source.set.call(this, stream);
    if (stream && !this.dataset.watched) {
      this.dataset.watched = "yes";
      watch(this);
    }
  },
});
