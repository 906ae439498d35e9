/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** A camera that is on. */
export interface Camera {
  /** The picture that it sees now. */
  readonly video: HTMLVideoElement;
  /** False after it was switched off, unplugged, or taken back by the user. */
  readonly live: boolean;
  stop(): void;
}

/** Asks for a camera: on phones the one at the back. @throws Error that says why there is none */
export async function openCamera(): Promise<Camera> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error('Browsers give a camera to pages of https: or of this machine only (localhost).');
  const video = document.createElement('video');
  try {
    const wanted = { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } };
    video.srcObject = await devices.getUserMedia({ video: wanted });
  } catch (error) {
    throw new Error(cameraFault(error), { cause: error });
  }
  const tracks = (video.srcObject as MediaStream).getTracks();
  Object.assign(video, { muted: true, playsInline: true });
  await video.play();
  return {
    video,
    get live() {
      return tracks.every(({ readyState }) => readyState === 'live');
    },
    stop: () => {
      for (const track of tracks) track.stop();
    },
  };
}

/** Why `getUserMedia` gave none, and what to do, by the names of its errors (W3C Media Capture and Streams). */
function cameraFault(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return "The camera was denied: allow it in the browser's settings of this page.";
  if (name === 'NotFoundError') return 'There is no camera here: connect one, or open a picture.';
  if (name === 'NotReadableError') return 'The camera can not be read: another program may have it.';
  return `The camera does not open: ${error instanceof Error ? error.message : String(error)}`;
}
