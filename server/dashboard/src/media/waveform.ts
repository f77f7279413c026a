// A sound as a picture: how far it swings either way, column by column.

/** Longer sounds are not drawn: all of their samples would have to be held at once. */
export const SECONDS_MAX = 600;
export const BYTES_MAX = 64 * 2 ** 20;

/** Columns of a sound from its beginning to its end, each from −1 to 1. */
export interface Waveform {
  seconds: number;
  low: Float32Array;
  high: Float32Array;
}

/**
 * Return the least and the greatest sample of each of *columns* stretches of equal length, of all
 * channels together. No sample is left out, so a click of one sample is seen.
 */
export function peaksOf(
  channels: readonly Float32Array[],
  columns: number,
): Pick<Waveform, "low" | "high"> {
  const length = channels[0]?.length ?? 0;
  const count = Math.min(columns, length);
  const [low, high] = [new Float32Array(count), new Float32Array(count)];
  for (let column = 0; column < count; column += 1) {
    const from = Math.floor((column * length) / count);
    const to = Math.floor(((column + 1) * length) / count);
    let [least, most] = [Infinity, -Infinity];
    for (const samples of channels)
      for (let at = from; at < to; at += 1) {
        const sample = samples[at]!;
        if (sample < least) least = sample;
        if (sample > most) most = sample;
      }
    low[column] = Math.max(least, -1);
    high[column] = Math.min(most, 1);
  }
  return { low, high };
}

const COLUMNS = 1200;
/** What no device has to play is decoded at its own rate; the rate here is only asked for. */
const RATE = 48_000;

/** Fetch a sound and return its picture; fails where the browser cannot read its format. */
export async function fetchWaveform(address: string, signal: AbortSignal): Promise<Waveform> {
  const answer = await fetch(address, { credentials: "same-origin", signal });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(await answer.arrayBuffer());
  const channels = Array.from({ length: sound.numberOfChannels }, (_, at) =>
    sound.getChannelData(at),
  );
  return { seconds: sound.duration, ...peaksOf(channels, COLUMNS) };
}

/** Return where a key goes on a sound of *seconds* that is at *at*; null for other keys. */
export function seekOf(key: string, at: number, seconds: number): number | null {
  const step = Math.max(seconds / 100, 0.05);
  const to = {
    ArrowLeft: at - step,
    ArrowDown: at - step,
    ArrowRight: at + step,
    ArrowUp: at + step,
    PageDown: at - 10 * step,
    PageUp: at + 10 * step,
    Home: 0,
    End: seconds,
  }[key];
  return to === undefined ? null : Math.min(Math.max(to, 0), seconds);
}
