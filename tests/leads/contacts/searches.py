"""Leads, and what people type to find them: first name, last name, company, search, and whether it finds the lead."""

from typing import Final

Case = tuple[str, str, str, str, bool]

# Latin, with the languages whose letters fold in their own way.
LATIN: Final[list[Case]] = [
    ("José", "García López", "", "José García", True),
    ("José", "García López", "", "García José", True),
    ("José", "García López", "", "garcia lopez jose", True),
    ("José", "García López", "", "LOPEZ", True),
    ("José", "García López", "", "arcía", False),
    ("José", "García López", "", "José Pérez", False),
    ("Jose\u0301", "Nu\u0301n\u0303ez", "", "josé núñez", True),
    ("İbrahim", "Yıldız", "", "İbrahim", True),
    ("İbrahim", "Yıldız", "", "ibrahim yildiz", True),
    ("İbrahim", "Yıldız", "", "IBRAHIM YILDIZ", True),
    ("Işık", "Öztürk", "", "ışık öz", True),
    ("Işık", "Öztürk", "", "isik ozturk", True),
    ("Ngọc Anh", "Trần", "", "Tran", True),
    ("Ngọc Anh", "Trần", "", "trần ngọc anh", True),
    ("Văn Đức", "Nguyễn", "", "nguyen duc", True),
    ("Văn Đức", "Nguyễn", "", "Đức", True),
    ("Jürgen", "Weiß", "", "weiss", True),
    ("Jürgen", "Weiß", "", "WEISS jurgen", True),
    ("Jürgen", "WEIẞ", "", "weiß", True),
    ("Łukasz", "Żółć", "", "lukasz zolc", True),
    ("Søren", "Kjærgård", "", "soren kjaergard", True),
    ("Guðrún", "Þórsdóttir", "", "gudrun thors", True),
    ("Siobhán", "O’Brien", "", "o'brien", True),
    ("Siobhán", "O'Brien", "", "OBrien siobhan", True),
    ("Jean-Luc", "d'Aubigné", "", "jean luc", True),
    ("Jean-Luc", "d'Aubigné", "", "luc jean", True),
    ("Ｔａｒｏ", "Ｙａｍａｄａ", "", "taro yamada", True),
    ("Zoe\u0308", "Smith", "", "Zoë S", True),
    ("Aﬀonso", "Silva", "", "affonso", True),
]
GREEK: Final[list[Case]] = [
    ("ΓΙΏΡΓΟΣ", "Παπαδόπουλος", "", "ΓΙΏΡΓΟΣ", True),
    ("ΓΙΏΡΓΟΣ", "Παπαδόπουλος", "", "Γιώργος", True),
    ("Γιώργος", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "", "παπαδοπουλος γιωργος", True),
    ("Γιώργος", "Παπαδόπουλος", "", "παπαδοπουλοσ", True),
    ("Οδυσσέας", "Ἀθηναῖος", "", "αθηναιος", True),
]
CYRILLIC: Final[list[Case]] = [
    ("Алёна", "Королёва", "", "алена королева", True),
    ("Андрей", "Цой", "", "ЦОЙ АНДРЕЙ", True),
    ("Андрій", "Ґудзь", "", "гудзь", True),
    ("Наталія", "Їжак", "", "їжак наталія", True),
    ("Љубица", "Ђорђевић", "", "ђорђевић", True),
    ("Андрей", "Цой", "", "цех", False),
]
ARABIC: Final[list[Case]] = [
    ("أحمد", "الخطيب", "", "احمد", True),
    ("مُحَمَّد", "علي", "", "محمد على", True),
    ("فاطمة", "الزهراء", "", "فاطمه", True),
    ("مـحـمـود", "آل ثاني", "", "محمود ال ثاني", True),
    ("علی", "کریمی", "", "علي كريمي", True),
]
HEBREW: Final[list[Case]] = [
    ("שָׁלוֹם", "כהן", "", "שלום כהן", True),
    ("אברהם", "בן־דוד", "", "בן דוד", True),
    ("מרים", "לוי", "", "לוי מרים", True),
]
DEVANAGARI: Final[list[Case]] = [
    ("प्रिया", "शर्मा", "", "शर्मा प्रिया", True),
    ("ज़ोया", "ख़ान", "", "जोया खान", True),
    ("कमल", "राव", "", "कमला", False),
]
CHINESE: Final[list[Case]] = [
    ("小明", "王", "", "王小明", True),
    ("小明", "王", "", "小明", True),
    ("王小明", "", "", "明", True),
    ("", "李娜", "北京科技有限公司", "科技", True),
    ("", "李娜", "北京科技有限公司", "李娜 北京", True),
    ("", "李娜", "北京科技有限公司", "上海", False),
]
JAPANESE: Final[list[Case]] = [
    ("太郎", "山田", "株式会社サンプル", "山田太郎", True),
    ("太郎", "山田", "株式会社サンプル", "サンプル", True),
    ("太郎", "山田", "株式会社サンプル", "ｻﾝﾌﾟﾙ", True),
    ("さくら", "鈴木", "", "さくら", True),
]
KOREAN: Final[list[Case]] = [
    ("철수", "김", "삼성전자", "김철수", True),
    ("철수", "김", "삼성전자", "전자", True),
    ("철수", "김", "삼성전자", "철수 김", True),
]
THAI: Final[list[Case]] = [("สมชาย", "ใจดี", "", "สมชาย", True), ("สมชาย", "ใจดี", "", "ใจดี สม", True)]
ARMENIAN_AND_GEORGIAN: Final[list[Case]] = [
    ("Արամ", "Խաչատրյան", "", "արամ ԽԱՉԱՏՐՅԱՆ", True),
    ("ნინო", "ბერიძე", "", "ᲑᲔᲠᲘᲫᲔ", True),
]
# Fragments are found in companies, e-mail addresses, numbers and domains; names by how their words begin.
COMPANIES: Final[list[Case]] = [
    ("Anna", "Berg", "Hannover Rückversicherung AG", "versicherung", True),
    ("Anna", "Berg", "Hannover Rückversicherung AG", "ruckvers anna", True),
    ("Anna", "Berg", "Hannover Rückversicherung AG", "ag hannover", True),
    ("Anna", "Berg", "Hannover Rückversicherung AG", "nna", False),
    ("Anna", "Berg", "Hannover Rückversicherung AG", "over", True),
    ("Ida", "Holm", "Müller & Söhne GmbH", "müller & söhne", True),
    ("Ida", "Holm", "Müller & Söhne GmbH", "soehne", False),
    ("Ida", "Holm", "50% Off_Ltd", "50%", True),
    ("Ida", "Holm", "Acme Trading", "ac%e", False),
    ("Ida", "Holm", "Acme Trading", "a_me", False),
]
CASES: Final = [
    *(LATIN + GREEK + CYRILLIC + ARABIC + HEBREW + DEVANAGARI),
    *(CHINESE + JAPANESE + KOREAN + THAI + ARMENIAN_AND_GEORGIAN + COMPANIES),
]
# What the details of one lead are found by. Its number is +971 50 123 4567.
EMAIL, PHONE, DOMAIN = "jose.garcia+crm@mail.acme-trading.example", "+971501234567", "acme-trading.example"
DETAILS: Final = {
    "jose.garcia+crm@mail.acme-trading.example": True,
    "JOSE.GARCIA": True,
    "garcia@": True,
    "garcia@acme": False,
    "@mail.acme": True,
    "arcia+cr": True,
    "acme-trading.example": True,
    "trading.exam": True,
    "+971 50 123 4567": True,
    "00971501234567": True,
    "0501234567": True,
    "050 123 4567": True,
    "97150": True,
    "(50) 123-45-67": True,
    "٠٥٠١٢٣٤٥٦٧": True,
    "4567": True,
    "0501234568": False,
}
