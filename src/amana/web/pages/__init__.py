"""The pages of the portal: what stands under `/ar/`, `/en/`, `/fr/` and `/zgh/`. Public ones are the same for everybody."""
