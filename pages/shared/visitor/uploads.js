// A place for files. Each is sent by itself to the page's address for it; the page is told when all are there.
const SAY_EVERY = 0.25;  // of a file, aloud
const LOST = "The connection was lost before the whole file was here; try again.";

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Send a file; resolves to what the server answers, or to null if it was cancelled. */
function send(file, address, onProgress, onStart) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();  // fetch does not tell how far an upload is
    request.open("PUT", new URL(address, location.href));
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.loaded, file.size);
    request.onload = () => resolve(request.response ?? { error: LOST });
    request.onerror = () => resolve({ error: LOST });
    request.onabort = () => resolve(null);
    onStart(request);
    request.send(file);
  });
}

class Uploads {
  constructor(root) {
    const find = (what) => root.querySelector(what);
    [this.place, this.ways, this.going, this.error, this.said, this.input] =
      [".place", ".ways", ".going", ".error", ".said", "input"].map(find);
    [this.label, this.file, this.bar, this.amount] = [".label", ".file", "progress", ".amount"].map(find);
    this.chooser = find("[data-do=choose]");
    this.canceller = find("[data-do=cancel]");
    this.root = root;
    this.listen();
  }

  listen() {
    this.chooser.onclick = () => this.input.click();
    this.canceller.onclick = () => this.cancel();
    this.input.onchange = () => this.start([...this.input.files]);
    this.place.ondragover = (event) => {
      event.preventDefault();
      this.place.classList.add("over");
    };
    this.place.ondragleave = () => this.place.classList.remove("over");
    this.place.ondrop = (event) => {
      event.preventDefault();
      this.place.classList.remove("over");
      this.start([...event.dataTransfer.files]);
    };
  }

  take(data) {
    this.data = data;
    this.label.textContent = data.label;
    this.chooser.textContent = data.several ? "Choose files" : "Choose a file";
    this.input.multiple = data.several;
    this.input.accept = data.endings.map((ending) => `.${ending}`).join();
  }

  /** Say why files are not even sent, or nothing. */
  refusal(files) {
    const { several, limit_mb: limit, endings } = this.data;
    if (files.length > 1 && !several) return "Only one file is taken here.";
    if (files.some((file) => !endings.includes(file.name.split(".").at(-1).toLowerCase()))) {
      return `This kind of file is not accepted here; it must end in one of ${endings.map((one) => `.${one}`).join(", ")}.`;
    }
    const large = files.find((file) => file.size > limit * 1e6);
    return large && `This file has ${Math.ceil(large.size / 1e6)} MB; the largest accepted has ${limit} MB.`;
  }

  async start(files) {
    if (!files.length || this.request) return;
    const problem = this.refusal(files);
    this.tell(problem);
    if (problem) return;
    this.cancelled = false;
    const ids = [];
    for (const file of files) {
      this.show(file);
      const answer = await send(file, this.data.address, (...how) => this.progress(...how), (request) => { this.request = request; });
      this.request = null;
      if (this.cancelled || !answer || answer.error) {
        this.rest(answer?.error, "The upload was cancelled.");
        return;
      }
      ids.push(answer.id);
    }
    this.rest(null, "The upload is complete.");
    this.arrived(ids);
  }

  cancel() {
    this.cancelled = true;
    this.request?.abort();
  }

  show(file) {
    const focused = this.root.activeElement === this.chooser;
    this.ways.hidden = true;
    this.going.hidden = false;
    this.file.textContent = file.name;
    this.spoken = 0;
    this.said.textContent = "The upload has begun.";
    this.progress(0, file.size);
    if (focused) this.canceller.focus();
  }

  progress(loaded, total) {
    const share = total ? Math.min(1, loaded / total) : 1;
    this.bar.value = share;
    this.amount.textContent = `${megabytes(share * total)} of ${megabytes(total)} MB · ${Math.floor(100 * share)} %`;
    if (share >= this.spoken + SAY_EVERY) {
      this.spoken = share;
      this.said.textContent = `${Math.floor(100 * share)} per cent are there.`;
    }
  }

  /** Wait for files again. */
  rest(problem, words) {
    const focused = this.root.activeElement === this.canceller;
    this.ways.hidden = false;
    this.going.hidden = true;
    this.input.value = "";
    this.tell(problem);
    this.said.textContent = problem ? "" : words;
    if (focused) this.chooser.focus();
  }

  tell(problem) {
    this.error.hidden = !problem;
    this.error.textContent = problem ?? "";
    if (problem) this.input.value = "";
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const uploads = parentElement.uploads ??= new Uploads(parentElement);
  uploads.arrived = (ids) => setStateValue("arrived", ids);
  uploads.take(data);
  clearTimeout(uploads.leaving);
  return () => { uploads.leaving = setTimeout(() => uploads.cancel(), 1000); };  // unless it is shown anew at once
}
