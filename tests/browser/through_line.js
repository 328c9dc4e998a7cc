// Leads the connection through the test's line: the browser learns no other address of the server, the server none
// of the browser.
const Direct = window.RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Direct {
  constructor(...options) {
    super(...options);
    window.connections.push(this);
  }
  addEventListener(name, ...rest) {
    if (name !== "icecandidate") super.addEventListener(name, ...rest);
  }
  async setRemoteDescription(answer) {
    await super.setRemoteDescription({ type: answer.type, sdp: await window.leadThrough(answer.sdp) });
  }
};
