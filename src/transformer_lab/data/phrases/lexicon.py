"""The words of the built-in corpus, Chinese beside English, with the grammar that each needs."""

from dataclasses import dataclass

# Kinds join nouns with what fits them: 有趣 is said of texts, and texts can be read, so both name the kind `text`.


@dataclass(frozen=True)
class Noun:
    """A countable noun. `measure` stands between a number and the noun: 三本书, three books."""

    zh: str
    en: str
    measure: str
    kinds: str  # what may be done with it and said of it, as words of the tables below

    @property
    def plural(self) -> str:
        """The English plural. Only regular nouns are in the lexicon."""
        if self.en.endswith(("s", "x", "ch", "sh")):
            return self.en + "es"
        if self.en.endswith("y") and self.en[-2] not in "aeiou":
            return self.en[:-1] + "ies"
        return self.en + "s"


@dataclass(frozen=True)
class Verb:
    """A verb with what it acts on. `places` are where one does that, by the beginning of the English."""

    zh: str
    base: str
    past: str
    progressive: str
    objects: str
    places: str = ""
    stative: bool = False  # likes, needs: no 了 and no 正在

    @property
    def third(self) -> str:
        """The third person singular."""
        if self.base.endswith(("s", "x", "ch", "sh")):
            return self.base + "es"
        if self.base.endswith("y") and self.base[-2] not in "aeiou":
            return self.base[:-1] + "ies"
        return self.base + "s"


@dataclass(frozen=True)
class Adjective:
    """Said of things of some kinds. A short one stands before the noun without 的: 新书, but 有趣的书."""

    zh: str
    en: str
    kinds: str
    comparative: str
    before_noun: str = ""

    @property
    def attributive(self) -> str:
        """How it stands before a noun in Chinese."""
        return self.before_noun or (self.zh if len(self.zh) == 1 else self.zh + "的")


@dataclass(frozen=True)
class Person:
    """Who acts. `number` chooses the English verb: "I", "one" (he, she, it) or "many" (you, we, they)."""

    zh: str
    en: str
    number: str


NOUNS = [
    Noun("书", "book", "本", "text thing goods small"),
    Noun("词典", "dictionary", "本", "text thing goods small"),
    Noun("小说", "novel", "本", "text goods small"),
    Noun("论文", "paper", "篇", "text work"),
    Noun("文章", "article", "篇", "text work"),
    Noun("信", "letter", "封", "text small"),
    Noun("电影", "film", "部", "film"),
    Noun("照片", "photo", "张", "image thing small"),
    Noun("地图", "map", "张", "picture thing goods small"),
    Noun("桌子", "table", "张", "thing goods furniture"),
    Noun("椅子", "chair", "把", "thing goods furniture"),
    Noun("雨伞", "umbrella", "把", "thing goods small"),
    Noun("电脑", "computer", "台", "thing goods machine"),
    Noun("机器", "machine", "台", "thing machine"),
    Noun("相机", "camera", "台", "thing goods machine small"),
    Noun("手机", "phone", "部", "thing goods machine small"),
    Noun("汽车", "car", "辆", "thing goods machine vehicle"),
    Noun("自行车", "bicycle", "辆", "thing goods machine vehicle"),
    Noun("猫", "cat", "只", "animal"),
    Noun("鸟", "bird", "只", "animal"),
    Noun("狗", "dog", "条", "animal"),
    Noun("苹果", "apple", "个", "food goods small"),
    Noun("橙子", "orange", "个", "food goods small"),
    Noun("蛋糕", "cake", "个", "food goods small"),
    Noun("问题", "problem", "个", "problem"),
    Noun("模型", "model", "个", "system"),
    Noun("网络", "network", "个", "system"),
    Noun("系统", "system", "个", "system"),
    Noun("程序", "program", "个", "system"),
    Noun("机器人", "robot", "个", "system machine"),
    Noun("实验", "experiment", "个", "work study"),
    Noun("方法", "method", "种", "study method"),
    Noun("算法", "algorithm", "种", "study method"),
    Noun("语言", "language", "种", "subject"),
]

DRINKS = [("茶", "tea"), ("咖啡", "coffee"), ("水", "water"), ("牛奶", "milk"), ("果汁", "juice")]

VERBS = [
    Verb("看", "read", "read", "reading", "text", "in the library,at school,at home,in the office,in the park"),
    Verb("看", "watch", "watched", "watching", "film", "at home,at school,in Beijing,in Shanghai"),
    Verb("写", "write", "wrote", "writing", "text", "in the library,at school,at home,in the office"),
    Verb("翻译", "translate", "translated", "translating", "text", "in the library,at home,in the office"),
    Verb("买", "buy", "bought", "buying", "goods", "in the shop,in Beijing,in Shanghai"),
    Verb("卖", "sell", "sold", "selling", "goods", "in the shop,in Beijing,in Shanghai"),
    Verb("修", "repair", "repaired", "repairing", "machine", "at school,at home,in the laboratory"),
    Verb("画", "draw", "drew", "drawing", "animal picture", "at school,at home,in the park"),
    Verb("吃", "eat", "ate", "eating", "food", "at school,at home,in the office,in the park"),
    Verb("训练", "train", "trained", "training", "system", "in the laboratory,in the office,at school"),
    Verb("测试", "test", "tested", "testing", "system method", "in the laboratory,in the office,at school"),
    Verb("设计", "design", "designed", "designing", "system study machine", "in the laboratory,in the office"),
    Verb("讨论", "discuss", "discussed", "discussing", "problem work study", "at school,in the library,in Beijing"),
    Verb("解决", "solve", "solved", "solving", "problem", "in the laboratory,in the office"),
    Verb("研究", "research", "researched", "researching", "problem study subject", "in the laboratory,in Beijing"),
    Verb("喜欢", "like", "liked", "liking", "text film picture image animal food machine subject", stative=True),
    Verb("需要", "need", "needed", "needing", "goods method system", stative=True),
]

ADJECTIVES = [
    Adjective("大", "big", "thing food problem animal", "bigger"),
    Adjective("小", "small", "thing food problem animal system", "smaller"),
    Adjective("新", "new", "text film thing system study method problem machine", "newer"),
    Adjective("旧", "old", "thing machine furniture", "older"),
    Adjective("贵", "expensive", "goods machine", "more expensive", "很贵的"),
    Adjective("便宜", "cheap", "goods machine", "cheaper"),
    Adjective("漂亮", "beautiful", "thing animal", "more beautiful"),
    Adjective("有趣", "interesting", "text film picture image problem study method subject", "more interesting"),
    Adjective("有用", "useful", "text system study method machine subject", "more useful"),
    Adjective("简单", "simple", "text system study method problem subject", "simpler"),
    Adjective("复杂", "complex", "system study method problem subject machine", "more complex"),
    Adjective("重要", "important", "text work problem study method subject", "more important"),
    Adjective("聪明", "clever", "animal", "cleverer"),
]

PRONOUNS = [
    Person("我", "I", "I"),
    Person("你", "you", "many"),
    Person("他", "he", "one"),
    Person("她", "she", "one"),
    Person("我们", "we", "many"),
    Person("他们", "they", "many"),
]
POSSESSIVES = {"我": "my", "你": "your", "他": "his", "她": "her", "我们": "our", "他们": "their"}
RELATIONS = [("朋友", "friend"), ("老师", "teacher"), ("同学", "classmate"), ("妹妹", "younger sister")]
RELATIONS += [("哥哥", "older brother"), ("邻居", "neighbor")]
NAMES = [Person("汤姆", "Tom", "one"), Person("玛丽", "Mary", "one"), Person("小明", "Xiaoming", "one")]
PEOPLE = [
    Noun("学生", "student", "个", "person"),
    Noun("老师", "teacher", "位", "person"),
    Noun("医生", "doctor", "位", "person"),
    Noun("工程师", "engineer", "位", "person"),
    Noun("孩子", "kid", "个", "person"),
]

PLACES = {
    "in the library": "在图书馆",
    "at school": "在学校",
    "at home": "在家",
    "in the office": "在办公室",
    "in the laboratory": "在实验室",
    "in the park": "在公园",
    "in the shop": "在商店",
    "in Beijing": "在北京",
    "in Shanghai": "在上海",
}
SPOTS = [
    ("桌子上", "on the table"),
    ("椅子上", "on the chair"),
    ("盒子里", "in the box"),
    ("书包里", "in the schoolbag"),
    ("床下面", "under the bed"),
    ("门后面", "behind the door"),
    ("窗户旁边", "beside the window"),
]

PAST = [("昨天", "yesterday"), ("上个星期", "last week"), ("去年", "last year"), ("今天早上", "this morning")]
FUTURE = [("明天", "tomorrow"), ("下个星期", "next week"), ("明年", "next year"), ("今天晚上", "tonight")]
HABIT = [("每天", "every day"), ("每个星期", "every week"), ("每年", "every year")]

NUMBERS = {"两": "two", "三": "three", "四": "four", "五": "five", "六": "six", "七": "seven", "八": "eight"}
NUMBERS |= {"九": "nine", "十": "ten"}

# Technical terms without a plural, as names of fields and methods: a modifier and a head.
TERMS = [
    ("人工智能", "artificial intelligence"),
    ("计算机视觉", "computer vision"),
    ("自然语言处理", "natural language processing"),
    ("数据挖掘", "data mining"),
    ("注意力", "attention"),
    ("自注意力", "self-attention"),
]
TERMS += [
    (zh + "学习", en + " learning")
    for zh, en in [
        ("机器", "machine"),
        ("深度", "deep"),
        ("强化", "reinforcement"),
        ("监督", "supervised"),
        ("无监督", "unsupervised"),
        ("迁移", "transfer"),
        ("在线", "online"),
        ("表示", "representation"),
    ]
]
TERMS += [
    (zh + "识别", en + " recognition")
    for zh, en in [("图像", "image"), ("语音", "speech"), ("人脸", "face"), ("文字", "text")]
]
TERMS += [(zh + "翻译", en + " translation") for zh, en in [("机器", "machine"), ("语音", "speech")]]
TERMS += [(zh + "生成", en + " generation") for zh, en in [("图像", "image"), ("文本", "text"), ("语音", "speech")]]
# Technical terms that can be counted.
SYSTEMS = [
    Noun("神经网络", "neural network", "个", "system"),
    Noun("卷积神经网络", "convolutional neural network", "个", "system"),
    Noun("循环神经网络", "recurrent neural network", "个", "system"),
    Noun("语言模型", "language model", "个", "system"),
    Noun("翻译模型", "translation model", "个", "system"),
    Noun("翻译系统", "translation system", "个", "system"),
    Noun("编码器", "encoder", "个", "system"),
    Noun("解码器", "decoder", "个", "system"),
    Noun("损失函数", "loss function", "个", "study"),
    Noun("注意力机制", "attention mechanism", "种", "method"),
    Noun("学习算法", "learning algorithm", "种", "method study"),
]
# What methods are used for; the objects are many and of no fixed number.
TASKS = [
    ("翻译句子", "translate sentences"),
    ("识别图像", "recognize images"),
    ("分析数据", "analyze data"),
    ("回答问题", "answer questions"),
    ("生成文本", "generate text"),
    ("预测天气", "predict the weather"),
    ("总结文章", "summarize articles"),
    ("解决问题", "solve problems"),
]
# Parts of a system: Chinese names the whole first, English the part.
PARTS = [
    ("结果", "results", "many", [("重要", "important"), ("有趣", "interesting"), ("好", "good")]),
    ("结构", "structure", "one", [("简单", "simple"), ("复杂", "complex"), ("重要", "important")]),
    ("参数", "parameters", "many", [("重要", "important")]),
    ("质量", "quality", "one", [("高", "high"), ("低", "low"), ("重要", "important")]),
    ("成本", "cost", "one", [("高", "high"), ("低", "low")]),
    ("速度", "speed", "one", [("快", "high"), ("重要", "important")]),
]
CONDITIONS = [
    ("明天下雨", "it rains tomorrow"),
    ("明天很冷", "it is very cold tomorrow"),
    ("你有时间", "you have time"),
    ("你不忙", "you are not busy"),
]
# Whole clauses, for the reasons that 因为 gives.
REASONS = [
    ("今天很冷", "it is very cold today"),
    ("今天很热", "it is very hot today"),
    ("昨天下雨了", "it rained yesterday"),
    ("明天会下雨", "it will rain tomorrow"),
    ("今天是星期天", "today is Sunday"),
    ("下个星期有考试", "there is an exam next week"),
]
