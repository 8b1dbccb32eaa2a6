"""The words of the page about the quality of models. What is a figure comes from the results."""

HEAD = """# How good models are

`make bench-learn` measures and writes this page and `bench/results/learn.json`. Every model of ours is trained through the kernel, as
`amana train` does it: only noisy sums leave the engine. Losses are in zCDP, and ε is derived for δ = 10⁻⁵ by dp-accounting. A score is on
rows that the model did not learn from, where the data have them apart or a fifth is kept aside; it is the mean of {seeds} seeds, with their
standard deviation. Data come from `amana data get`, and free light chain from scikit-survival; none of their rows is in this project.
"""
AUTO = """`auto` chooses from public facts alone (how many people, how many columns, how much loss). It is at most {below:.3f} below the
best of those measured here, on {where}: {said}."""
SHORT = "What fell short, and where a peer does better:\n"
PEERS = """Each peer runs in an environment of its own, at ε = 1 and δ = 10⁻⁵ (diffprivlib: pure ε = 1), on the same splits and columns,
with bounds and members from the same declarations.

- *A peer protects a row, we protect a unit.* In OULAD a student may have several rows: there a peer's guarantee is weaker than ours at the
  same ε, and it learns from all rows, where ours learns from one row of each student. In the other data a unit has one row.
- *A peer is shown at its best.* Where it has settings, several were run and the one with the best mean score on the held-back rows is shown.
  Nobody who works with private data may choose so for free; `auto` does not. LightGBM too is the best of three settings.
- A missing number is the middle of its interval, with a mark that it was missing; diffprivlib and jax-privacy get choices as columns of
  0 and 1, and numbers from -1 to 1 over their declared interval.
- `linear` without privacy is scikit-learn's. It says what a line can reach, and LightGBM what curves can.
"""
FRESH = """The splits above were looked at while constants were set. So here are {seeds} other splits, drawn from seeds that nobody used before
the constants stood; each was scored once.
"""
TEXT = """ArSarcasm, 8,437 tweets to learn from and 2,110 others, by its own split; a tweet is a unit, for nobody says whose it is. One text is
read in up to 96 buckets, so its noise is about ten times that of a number. No peer measured here reads texts. The size of the grams, the
buckets and the deviation that is believed of a weight were chosen on these tweets.
"""
SYNTHETIC_NOTE = """The mean total variation of all tables of one, two and three columns. Peers get the same cells of the same grid, and what they make is
compared in the same way. OpenDP gets the same loss in zCDP as ours: AIM all of it, MST two billionths less, for of the whole its own
equal shares, rounded up, are more than their sum was to be, and it refuses them. SmartNoise converts ε and δ itself, and takes the number
of rows as known.

The peers' models draw rows by private-pgm. By its default it rounds, group by group in the order of the rows, and columns that hang
together with a third one then hang together beyond what the model says; so each is shown as *sampled* too, the other way it has, from
the same model. What stands behind a name are the options that were not left as they are: fewer rounds than the 240 of fifteen columns
(SmartNoise's single columns are among its rounds, OpenDP's are not), so that a run ends; `queries=2` looks at pairs alone, not at triples.
Where there is one seed, a single table was made, for one takes its maker minutes.
"""
AUDIT = """The card of a model shows how much ε an attack surely found lost, at 95 %. Here our bound stands beside those of
jax-privacy's auditor, all at δ = 10⁻⁵ and from the same invented scores, of which it is known what was lost: the mean of the bound, and
how often it claims more than was lost, which may be one time in twenty. So many trainings are led in each of two worlds; the cards show
32. Our bound and the first of jax-privacy believe that scores are normal. That one is far above what was lost where little is lost: it
takes the largest distance, of either sign, between limits that hold for one sign only. Its second bound believes nothing, and finds
little in so few trainings.
"""
ATTACK = """Attacks on three tables of an invented population: ours and anonymeter's, which has its own ways of singling out, linking
and inferring. A figure is how much better an attack works on people who were in the data than on people who were not, as a 95 %
interval (ours: the difference of both rates; anonymeter: that difference as a share of what was left, and never below 0). Each attacker
finds next to nothing in our table, and finds the copies.
"""
CAVEATS = """## How far to trust these figures

- The constants of the learners, and the rule by which `auto` chooses, were set by hand while looking at these six data sets and mostly at
  the first splits, for Adult at its official test rows too. So the figures say what the learners can do, not what they will do on other data.
- A score within one standard deviation of its target has reached it on these seeds, and perhaps not on others.
- Members of choices, and whether a column has missing values, were declared from the whole file, as a custodian who knows her tables
  would; the number of units is from the profile, which is charged apart. Peers get the same declarations.
- CPU seconds were taken on a busy machine.
"""
