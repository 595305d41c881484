/** The state of a worker that says nothing: what it does now is missing in the picture. */
export const NOT_ANSWERING = 'not answering';
