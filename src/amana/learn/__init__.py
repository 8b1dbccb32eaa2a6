"""Models from noisy sums: post-processing, outside the trusted base. A learner proposes plans and reads what left the kernel."""
