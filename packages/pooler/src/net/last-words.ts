/**
 * How long a wire whose write failed is still read from, so that the peer's last words arrive (an
 * error message, say). As a rule the end of the stream follows at once.
 */
export const LAST_WORDS_MS = 1000;
