"""Networks, plans, grids, planning runs.

What is kept: ``models``. What may happen: ``actions`` (verbs), ``edits`` (hand edits, made on a ``board``),
``refusals`` (why not). Drawing: ``reading`` (database → arrays), ``ground`` (places, cells, atoms), ``norms``,
``preparing`` (the ground as the engine takes it), ``drawing`` (arrays → labels), ``continuity`` (what lives on of
today's grids), ``codes``, ``figures``, ``writing`` (labels → a draft plan), ``comparing`` (figures of what other norms
would give), ``planning`` (all of it, for a run), ``runs`` (the queue). Answers: ``queries``, ``locators`` (which grid
holds a point), ``impact`` (what changes when a plan takes force), ``publishing`` (what the public may read). Files and
paper: ``exports``, ``papermap``. Checks of the whole: ``integrity``.
"""
