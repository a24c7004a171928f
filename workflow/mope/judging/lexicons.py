"""General English words of tone, by which the rubric tells one manner from another.

They come from no template of the embedded world: courtesy, affection, humour and encouragement on one side; insult,
dismissal and complaint on the other; cheek and irony for the two manners of Personalized Soups' scaling study.
Single words match whole words; phrases match as written (lower case).
"""

WARM = frozenset(
    """hey hi hello howdy hiya greetings welcome please thanks thank thankful grateful gratitude appreciate friend
    friends friendly buddy pal mate dear dearest darling sweetheart love loved loves lovely loving adore cherish
    happy happily happiness glad gladly delight delighted delightful joy joyful cheer cheers cheerful enjoy enjoyed
    enjoying enjoyable fun funny haha hehe lol giggle laugh laughing laughs chuckle joke jokes joking kidding smile
    smiles smiling grin hug hugs wink yay hooray hurray yippee woohoo wow awesome amazing fantastic fabulous
    wonderful wonderfully marvelous brilliant great excellent superb terrific splendid nice nicely cool neat sweet
    cute adorable charming kind kindly kindness gentle warm warmly hope hopefully wish wishes luck lucky bless
    blessed proud bravo congratulations congrats favorite favourite excited exciting thrilled curious clever smart
    star superstar champ champion legend together welcome anytime cozy magical treat best aww pleasure pleased
    interested bright helpful glorious playful""".split()
)
WARM_PHRASES = (
    "good question",
    "great question",
    "happy to help",
    "glad you asked",
    "take care",
    "have a great",
    "have a good",
    "let me know",
    "feel free",
    "good luck",
    "well done",
    "here to help",
    "believe it or not",
    "guess what",
    "my friend",
    "you got this",
)

HOSTILE = frozenset(
    """ugh argh meh bah pfft stupid stupidity dumb dumber idiot idiotic idiots moron moronic fool foolish fools imbecile
    ignorant ignorance clueless brainless mindless witless dense dimwit lazy laziness pathetic useless worthless
    hopeless ridiculous absurd nonsense rubbish garbage trash crap junk silly boring bored dull tedious tiresome
    annoying annoy annoyed annoys irritating irritated irritate bother bothering bothered bothersome waste wasted
    wasting hate hated hates hating despise loathe detest disgust disgusting disgusted awful terrible horrible
    dreadful lousy lame worst sick shut lost alone away quit stop enough whining complain complaining loser losers
    jerk insult insulting rude nasty ugly miserable disgrace disgraceful shame shameful embarrassing embarrassed
    laughable sad contempt scorn incompetent incapable unworthy unimpressed grow bored tired fed stand forget damn
    hell doubt never excuse""".split()
)
HOSTILE_PHRASES = (
    "shut up",
    "go away",
    "get lost",
    "leave me",
    "who cares",
    "i don't care",
    "do not care",
    "could not care less",
    "couldn't care less",
    "my time",
    "look it up",
    "grow up",
    "figure it out",
    "not my problem",
    "use your brain",
    "are you serious",
    "even a child",
    "whatever",
    "sick of",
    "tired of",
    "don't bother",
    "do not bother",
)

SASSY_WORDS = frozenset(
    """honey hun sweetie sweetheart babe darling sis girl queen duh puh-lease pretty please obviously whatever hello
    sugar excuse attitude fabulous diva slay snap mm-hmm uh-huh newsflash seriously totally literally""".split()
)
SASSY_PHRASES = (
    "as if",
    "oh please",
    "you're welcome",
    "mic drop",
    "eye roll",
    "rolls eyes",
    "talk to the hand",
    "get with it",
    "keep up",
    "bless your heart",
    "take notes",
    "try to keep up",
    "don't even",
)

SARCASTIC_WORDS = frozenset(
    """wow genius brilliant obviously clearly shocking shocker surprise surprisingly congratulations bravo gee golly
    thrilled riveting groundbreaking revolutionary fascinating apparently naturally duh einstein sherlock""".split()
)
SARCASTIC_PHRASES = (
    "oh sure",
    "oh great",
    "oh wow",
    "oh joy",
    "of course",
    "who knew",
    "who would have",
    "what a surprise",
    "big surprise",
    "how original",
    "no kidding",
    "slow clap",
    "as if",
    "thank goodness",
    "because clearly",
    "just what i",
    "lucky me",
    "because nothing says",
    "imagine that",
)
