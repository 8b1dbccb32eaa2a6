"""jax-privacy's auditor on given scores: its bound for Gaussian mechanisms, and the one of Clopper and Pearson that assumes nothing."""

from jax_privacy.auditing import CanaryScoreAuditor
from protocol import Job, serve


def prepare(job: Job):
    def run() -> dict[str, list[list[float]]]:
        found: dict[str, list[list[float]]] = {"gaussian": [], "any mechanism": []}
        for case in job["cases"]:
            auditors = [CanaryScoreAuditor(inside, outside) for outside, inside in case["scores"]]
            found["gaussian"].append([float(each.epsilon_from_gdp(job["significance"], job["delta"])) for each in auditors])
            found["any mechanism"].append([float(each.epsilon_clopper_pearson(job["significance"], job["delta"])) for each in auditors])
        return found

    return run


if __name__ == "__main__":
    serve(prepare)
