/** Times and numbers in few columns. */

export function shortTime(us: number): string {
  if (us < 1000) return `${Math.round(us)} us`;
  if (us < 1_000_000) return `${short(us / 1000)} ms`;
  const s = us / 1_000_000;
  if (s < 60) return `${short(s)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}m${two(s % 60)}`;
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}`;
}

export function shortNumber(number: number): string {
  if (number < 10_000) return `${Math.round(number)}`;
  if (number < 1_000_000) return `${short(number / 1000)}k`;
  return `${short(number / 1_000_000)}M`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Days, and hours and minutes, as uptime(1) has it. */
export function uptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = `${two((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return days === 0 ? clock : `${days}d ${clock}`;
}

function short(number: number): string {
  return number < 10 ? number.toFixed(1) : `${Math.round(number)}`;
}

function two(number: number): string {
  return String(Math.floor(number)).padStart(2, '0');
}
