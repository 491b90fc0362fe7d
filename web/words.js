/**
 * @param {number} sizeBytes
 * @returns {string} for instance "412 kB" or "3.4 MB"
 */
export function bytesInWords(sizeBytes) {
  if (sizeBytes < 1000) return `${sizeBytes} bytes`;
  if (sizeBytes < 999_500) return `${Math.round(sizeBytes / 1000)} kB`;
  return sizeBytes < 999.5e6 ? `${(sizeBytes / 1e6).toFixed(1)} MB` : gigabytesInWords(sizeBytes);
}

/**
 * @param {number} sizeBytes
 * @returns {string} for instance "0.9 GB"
 */
export function gigabytesInWords(sizeBytes) {
  return `${(sizeBytes / 1e9).toFixed(1)} GB`;
}

/**
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @returns {string} for instance "800 × 600 px"
 */
export function pixelsInWords(width, height) {
  return `${width} × ${height} px`;
}

/**
 * @param {number} frames
 * @returns {string} for instance "24 frames"
 */
export function framesInWords(frames) {
  return frames === 1 ? '1 frame' : `${frames} frames`;
}

/**
 * @param {number} durationMs
 * @returns {string} for instance "3.4 s" or "2 min 5 s"
 */
export function durationInWords(durationMs) {
  const seconds = durationMs / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * The time left, rounded so that it does not flicker.
 *
 * @param {number} durationMs
 * @returns {string} for instance "about 20 s left"
 */
export function timeLeftInWords(durationMs) {
  return durationMs < 5000 ? 'a few seconds left' : `about ${roughlyInWords(durationMs)} left`;
}

/**
 * @param {number} durationMs
 * @returns {string} for instance "20 s" or "3 min", rounded
 */
export function roughlyInWords(durationMs) {
  const seconds = durationMs / 1000;
  if (seconds < 57.5) return `${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  if (seconds < 3570) return `${Math.max(1, Math.round(seconds / 60))} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
