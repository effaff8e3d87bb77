/* Looking for a code with the camera: the browser's own detector where there is one, else a
   decoder of our own (vendor/scanning.js). */

const PAUSE_MS = 120;

async function detector() {
  const formats = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
  if (formats?.includes("qr_code")) {
    const native = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await native.detect(video)).map(({ rawValue }) => rawValue);
  }
  const { decode } = await import("../vendor/scanning.js");
  const canvas = document.createElement("canvas");
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    drawing.drawImage(video, 0, 0);
    try {
      return [decode(drawing.getImageData(0, 0, canvas.width, canvas.height))];
    } catch {
      return [];  /* no code in this picture */
    }
  };
}

const pause = () => new Promise((again) => setTimeout(again, PAUSE_MS));

/* Show what the camera sees, and give each text that it reads to `found`, until `found` says true
   or the returned function is called. Throws what getUserMedia throws. */
export async function watch(video, found) {
  const video_ = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: video_ });
  let going = true;
  const stop = () => {
    going = false;
    for (const track of stream.getTracks()) track.stop();
  };
  video.srcObject = stream;
  look(video, found, () => going).finally(stop);
  return stop;
}

async function look(video, found, going) {
  await video.play().catch(() => {});
  const read = await detector();
  while (going()) {
    const texts = video.videoWidth ? await read(video).catch(() => []) : [];
    for (const text of texts) if (going() && await found(text)) return;
    await pause();
  }
}
