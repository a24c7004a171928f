from mope.training.length_order import by_length


def test_batches_of_similar_length_hold_every_row_once() -> None:
    rows = [{"input_ids": list(range(7 * i % 31 + 1)), "labels": [i]} for i in range(100)]

    def size(row: dict) -> int:
        return len(row["input_ids"])

    ordered = by_length(rows, 4, 1, size)
    assert sorted(row["labels"] for row in ordered) == [[i] for i in range(100)]
    assert ordered == by_length(rows, 4, 1, size) != by_length(rows, 4, 2, size)

    def read(order: list[dict]) -> int:
        lengths = list(map(size, order))
        return sum(4 * max(lengths[i : i + 4]) for i in range(0, 100, 4))

    assert read(ordered) < 0.8 * read(rows)
    assert {row["labels"][0] for row in ordered[:32]} == set(range(32))  # none moves far
