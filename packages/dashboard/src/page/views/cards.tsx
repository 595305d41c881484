import type { ComponentChildren } from 'preact';

interface CardProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly class?: string;
}

export function Card({ title, note, children, ...rest }: CardProps) {
  return (
    <section class={`card ${rest.class ?? ''}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <div class="note">{note}</div>}
      </header>
      {children}
    </section>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly level?: 'bad' | 'warning' | undefined;
}

export function Tile({ name, value, more, level }: TileProps) {
  return (
    <div class={`tile ${level ?? ''}`}>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{more}</small>
      </dd>
    </div>
  );
}

export type Tone = 'good' | 'bad' | 'warning' | 'plain';

/** A word in a frame. The colour only repeats what the word says. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
