/** Where something stands in a file. Lines count from 1; 0 means the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * Something to tell the operator about a configuration. `problem`: it cannot be used. `warning`: it
 * can, but something has no effect or is probably a mistake. `note`: differs from PgBouncer.
 */
export interface Finding extends Place {
  readonly severity: 'problem' | 'warning' | 'note';
  readonly message: string;
}

/** Collects what is found during one load. */
export class Findings {
  readonly #all: Finding[] = [];
  readonly #seen = new Set<string>();

  problem(place: Place, message: string): void {
    this.#add('problem', place, message);
  }

  warning(place: Place, message: string): void {
    this.#add('warning', place, message);
  }

  /** A warning that is worth telling once, however many lines ask for it. */
  warningOnce(topic: string, place: Place, message: string): void {
    if (this.#seen.has(topic)) return;
    this.#seen.add(topic);
    this.warning(place, message);
  }

  note(place: Place, message: string): void {
    this.#add('note', place, message);
  }

  /** In order of file and line; files in the order of their first finding. */
  of(severity: Finding['severity']): readonly Finding[] {
    const files = [...new Set(this.#all.map((finding) => finding.file))];
    return this.#all
      .filter((finding) => finding.severity === severity)
      .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  }

  #add(severity: Finding['severity'], place: Place, message: string): void {
    this.#all.push({ severity, file: place.file, line: place.line, message });
  }
}

/** `file:line: problem: message`, without the line where the whole file is meant. */
export function formatFinding(finding: Finding): string {
  const place = finding.line > 0 ? `${finding.file}:${finding.line}` : finding.file;
  return `${place}: ${finding.severity}: ${finding.message}`;
}

/** Text from a file as it may be shown: quoted, one line, not too long. */
export function quoted(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(shown);
}
