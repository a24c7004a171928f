"""A shard: the part of a stage's prompts that one of several jobs works on."""

from dataclasses import dataclass

import pandas as pd

from mope.errors import MopeError


@dataclass(frozen=True)
class Shard:
    """Part `number` (counted from 0) of `count` parts of about equal size, each of contiguous prompts."""

    number: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """A shard from an option such as `--shard 0/3`, the first of three parts; `ValueError` for any other form."""
        shard = cls(*map(int, text.split("/")))
        if not 0 <= shard.number < shard.count:
            raise ValueError(text)
        return shard

    def share(self, records: pd.DataFrame) -> pd.DataFrame:
        """The records of this part's prompts, in order; `MopeError` where there are more parts than prompts.

        `records` has a column prompt_id.
        """
        prompts = records.prompt_id.drop_duplicates()
        if len(prompts) < self.count:
            raise MopeError(f"--shard: {self.count} parts found, at most {len(prompts)} (prompts) are expected")
        first, last = (part * len(prompts) // self.count for part in (self.number, self.number + 1))
        return records[records.prompt_id.isin(prompts[first:last])].reset_index(drop=True)


WHOLE = Shard()
