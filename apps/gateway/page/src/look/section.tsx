import type { ComponentChildren, JSX } from 'preact';

export interface SectionProps {
  readonly id: string;
  readonly title: string;
  /** Beside the title: how many, which, since when. */
  readonly note?: ComponentChildren;
  /** Buttons and filters, at the right. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** One part of the page: a landmark that is named by its title. */
export function Section({ id, title, note, tools, children }: SectionProps): JSX.Element {
  return (
    <section class={`card ${id}`} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        {tools !== undefined && <div class="tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
