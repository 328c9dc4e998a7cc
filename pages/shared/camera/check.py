"""Says in the page, in plain words, why there is no camera: refused, none there, in use, or not a secure page.

Only the browser knows, so it is a little script in the page; it speaks up as soon as something changes.

The player stands in a frame of this same server, so the script can reach in, for two things that the player has no
setting for. It would show the browser's own words ("NotFoundError: ..."): that box is hidden, and the camera's refusal
is said here. And it would take a connection that falters for over, for good, and not say so: it is told of
`connected` only, and `pages/shared/camera/connection.py` watches whether frames come.
"""

import streamlit as st

_CSS = """
.note { padding: 0.8rem 1rem; border-radius: 0.6rem; background: #fff4e5; color: #5c3700;
      border: 1px solid #e8b06a; font-family: var(--st-font); line-height: 1.5; }
.note[hidden] { display: none; }
"""

_JS = """
const SAYS = {
  insecure: "This page is not secure, so your browser gives it no camera. Open it on the computer that runs Segdeck as "
    + "http://localhost, or ask whoever runs it for an address that starts with https.",
  none: "No camera was found. Plug one in or switch it on; this page notices by itself. Photos and videos need none.",
  refused: "Your browser keeps the camera from this page. Click the icon left of the address, allow the camera, and "
    + "press START again.",
  busy: "The camera gives no picture: another program or page may have it. Close that one, and press START again.",
  unfit: "This camera can't give the picture that was asked of it. Choose another camera, and press START again.",
  other: "The camera could not be started. Unplug it and plug it in again, or restart the browser; then press START.",
};
const REASONS = { NotFoundError: "none", NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "busy",
  AbortError: "busy", OverconstrainedError: "unfit" };
const PLAYER = "iframe[title*=webrtc]";

function reachInto(player, say) {
  const page = player.contentDocument, devices = player.contentWindow.navigator.mediaDevices;
  if (!page?.head || page.head.querySelector(".segdeck")) return;
  const style = page.createElement("style");
  style.className = "segdeck";
  style.textContent = ".MuiAlert-root { display: none !important; }";
  page.head.append(style);
  const Plain = player.contentWindow.RTCPeerConnection;
  player.contentWindow.RTCPeerConnection = class extends Plain {
    addEventListener(name, listen, ...rest) {
      const only = (event) => { if (this.connectionState === "connected") listen(event); };
      super.addEventListener(name, name === "connectionstatechange" ? only : listen, ...rest);
    }
  };
  if (!devices) return;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    try {
      const camera = await ask(constraints);
      say("");
      return camera;
    } catch (error) {
      const reason = REASONS[error.name] ?? "other";
      say(reason);
      Object.defineProperty(error, "message", { value: SAYS[reason] }); // "Choose camera" shows it, without the name
      throw error;
    }
  };
}

export default function ({ parentElement }) {
  const note = parentElement.querySelector(".note");
  note.setAttribute("role", "alert");
  const say = (what) => { note.hidden = !what; note.textContent = SAYS[what] ?? ""; };
  const reach = () => document.querySelectorAll(PLAYER).forEach((player) => reachInto(player, say));
  document.addEventListener("load", reach, true);  // of any frame: it comes after this script, and on each visit
  reach();
  const leave = () => document.removeEventListener("load", reach, true);
  const devices = navigator.mediaDevices;
  if (!window.isSecureContext || !devices) { say("insecure"); return leave; }
  let permission = null;
  const look = async () => {
    const cameras = (await devices.enumerateDevices()).filter((device) => device.kind === "videoinput");
    if (permission?.state === "denied") say("refused");
    else say(cameras.length ? "" : "none");
  };
  const start = async () => {
    try {
      permission = await navigator.permissions.query({ name: "camera" });
      permission.addEventListener("change", look);
    } catch {}  // older browsers have no permissions, or not by this name
    look();
  };
  start();
  devices.addEventListener("devicechange", look);
  return () => {
    leave();
    devices.removeEventListener("devicechange", look);
    permission?.removeEventListener("change", look);
  };
}
"""

camera_check = st.components.v2.component("camera_check", html='<div class="note" hidden></div>', css=_CSS, js=_JS)
