"""Says in the page, in plain words, why there will be no camera: refused, none there, or not a secure page.

Only the browser knows, so it is a little script in the page; it speaks up as soon as something changes.
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
};

export default function ({ parentElement }) {
  const note = parentElement.querySelector(".note");
  note.setAttribute("role", "alert");
  const say = (what) => { note.hidden = !what; note.textContent = SAYS[what] ?? ""; };
  const devices = navigator.mediaDevices;
  if (!window.isSecureContext || !devices) { say("insecure"); return; }
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
  return () => { devices.removeEventListener("devicechange", look); permission?.removeEventListener("change", look); };
}
"""

camera_check = st.components.v2.component("camera_check", html='<div class="note" hidden></div>', css=_CSS, js=_JS)
