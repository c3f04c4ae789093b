"""Numbers that a person says, in digits or as words. Pure."""

ORDINALS = {
    word: place
    for place, words in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th", "seventh 7th", "eighth 8th",
         "ninth 9th", "tenth 10th", "eleventh 11th", "twelfth 12th", "thirteenth 13th", "fourteenth 14th",
         "fifteenth 15th", "sixteenth 16th", "seventeenth 17th", "eighteenth 18th", "nineteenth 19th",
         "twentieth 20th")
    )
    for word in words.split()
}  # fmt: skip
COUNTS = {
    word: count
    for count, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"), 2
    )
}  # fmt: skip


def count_in(word: str) -> int:
    """A number in digits or as a word.

    >>> count_in("10"), count_in("ten")
    (10, 10)
    """
    return int(word) if word.isdigit() else COUNTS[word]
