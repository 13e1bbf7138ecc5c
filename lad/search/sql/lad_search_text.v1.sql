-- Fold a text for search. Return its words, each after one space, or an empty text if there is none.
-- Case, accents, width, apostrophes and letters that differ only at the end of a word make no difference. Scripts
-- written without spaces get one before each letter, so that a part of a name begins a word.
-- The same function folds what is stored and what is searched for. It calls nothing that depends on a locale or on
-- the search path, because generated columns and indexes keep its results.
-- docs/decisions/0032-search.md gives the reasons.

CREATE OR REPLACE FUNCTION lad_search_text(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(value) = length(value) THEN
        folded := replace(lower(value COLLATE "C"), '''', '');
    ELSE
        -- Apostrophes go first: compatibility decomposition turns one of them into a space.
        folded := normalize(translate(value, '''´`‘’‛ʹʻʼʽ′', ''), NFKD);
        -- Accents, vowel points and marks that cannot be seen. Vowel signs of Indian scripts stay.
        folded := regexp_replace(folded, '[\u00AD\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5'
            '\u05C7\u0610-\u061A\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E8\u06EA-\u06ED\u093C\u09BC\u0A3C\u0ABC'
            '\u1AB0-\u1AFF\u1DC0-\u1DFF\u200B-\u200F\u202A-\u202E\u2060-\u2064\u20D0-\u20FF\uFE00-\uFE0F\uFE20-\uFE2F'
            '\uFEFF]', '', 'g');
        folded := translate(lower(folded COLLATE "C"),
            'ÆÐØÞĐĦŁŊŒŦƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƢƤƦƧƩƬƮƱƲƳƵƷƸƼǤǶǷȜȠȢȤȺȻȽȾɁɃɄɅɆɈɊɌɎͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧ'
            'ΨΩϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤ'
            'ҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ'
            'ᲐᲑᲒᲓᲔᲕᲖᲗᲘᲙᲚᲛᲜᲝᲞᲟᲠᲡᲢᲣᲤᲥᲦᲧᲨᲩᲪᲫᲬᲭᲮᲯᲰᲱᲲᲳᲴᲵᲶᲷᲸᲹᲺᲽᲾᲿςıøđðħłŧŋɓɖɗƙƴґٱىیکةہھەךםןףץ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵'
            '۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙',
            'ædoþdhlnœtbƃƅɔƈddƌǝəɛƒɠɣɩɨkɯɲɵƣƥʀƨʃƭʈʊʋyƶʒƹƽǥƕƿȝƞȣȥⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱͳͷϳαβγδεζηθικλμνξοπρστυφχ'
            'ψωϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏгғҕҗҙқҝҟҡңҥ'
            'ҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'
            'აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰჱჲჳჴჵჶჷჸჹჺჽჾჿσioddhltnbddkyгاييكههههכמנפצ0123456789012345'
            '6789012345678901234567890123456789'
        );
        folded := replace(replace(replace(replace(replace(folded, 'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ',
            'th');
        -- Thai, Lao, Burmese, Khmer, Korean syllables, Japanese kana and Chinese characters.
        folded := regexp_replace(folded, '([\u0E01-\u0E30\u0E32\u0E40-\u0E46\u0E81-\u0EB0\u0EC0-\u0EC6\u1000-\u102A'
            '\u1780-\u17B3\u1100-\u1112\u3005-\u3007\u3041-\u3096\u30A1-\u30FA\u3400-\u4DBF\u4E00-\u9FFF'
            '\U00020000-\U0003FFFF])', ' \1', 'g');
        folded := regexp_replace(folded, '[\u0080-\u00BF\u00D7\u00F7\u055A-\u055F\u0589\u058A\u05BE\u05C0\u05C3\u05C6'
            '\u05F3\u05F4\u0600-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06E9\u0964\u0965\u0E2F\u0E3F\u0E4F\u0E5A\u0E5B'
            '\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u2E00-\u2E7F\u3000-\u3004\u3008-\u3020\u3030\u303D\u30A0\u30FB'
            '\uE000-\uF8FF\uFE30-\uFE6F\U0001F000-\U0001FAFF]', ' ', 'g');
    END IF;
    folded := btrim(regexp_replace(folded, '[\u0001-/:-@[-`{-\u007F]+', ' ', 'g'), ' ');
    RETURN CASE WHEN folded = '' THEN '' ELSE ' ' || folded END;
END $$;
