// Reads a QR code through the camera: by the browser's own detector where it has one, else by a
// reader that is fetched only then.

async function makeReader() {
    if ('BarcodeDetector' in globalThis) {
        const detector = new BarcodeDetector({ formats: ['qr_code'] });
        return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
    }
    const { default: read } = await import('jsqr');
    const canvas = document.createElement('canvas');
    return async (video) => {
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        const pen = canvas.getContext('2d', { willReadFrequently: true });
        pen.drawImage(video, 0, 0);
        const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
        return read(data, width, height)?.data ?? null;
    };
}

// Resolves with the first text for which accept(text) is true. Rejects without a camera.
export async function scan(video, accept) {
    const stream = await navigator.mediaDevices.getUserMedia(
        { video: { facingMode: 'environment' } });
    try {
        video.srcObject = stream;
        video.hidden = false;
        await video.play();
        const read = await makeReader();
        for (;;) {
            const text = await read(video);
            if (text !== null && accept(text)) {
                return text;
            }
            await new Promise((r) => setTimeout(r, 150));
        }
    } finally {
        stream.getTracks().forEach((t) => t.stop());
        video.hidden = true;
    }
}
