// The documents that both parsers read: a list, and seeded mutations of it.

export const written = [
  // values
  "null", "true", "false", "{}", "[]", "0", "''", '""', "'a'", '"a"', " 1 ", "\n\t1\r\n", "nul", "nulll", "True",
  "undefined", "", " ", "//", "/**/", "truefalse", "true false", "1 2", "[1]2", "{}{}", "null,",
  // numbers
  "1", "-1", "+1", "--1", "+-1", "- 1", "1.5", ".5", "-.5", "+.5", "5.", "-5.", "5.e3", "5.e", ".", "-.", ".e1", "1e3",
  "1E3", "1e+3", "1e-3", "1e", "1e+", "e1", "1.5e10", ".5e-1", "0.0", "00", "01", "-01", "0.", "0e1", "0e", "-0", "+0",
  "0x10", "0X1f", "0xABCDEF", "0xabcdef", "-0x10", "+0x10", "0x", "0xg", "0x1.5", "0x1p3", "0b1", "0o7", "1_000", "1n",
  "0xffffffffffffffffffffffffffffffff", "0x20000000000001", "0x20000000000003", "9007199254740993",
  "12345678901234567890123456789012345678", "0.1234567890123456789012345678901234567", "1e400", "-1e400", "1e-400",
  "123456789012345678901234567890e-10", "Infinity", "-Infinity", "+Infinity", "NaN", "-NaN", "+NaN", "infinity", "nan",
  "Infinit", "Infinityx", "NaNa", "--Infinity", "1.2.3", "1..2", "1a", "0xfg", "0x1 ", "1,", "1;",
  // strings
  "'it\\'s'", "\"it's\"", "'\"'", "\"\\\"\"", "'\\b\\f\\n\\r\\t\\v\\0'", "'\\x41\\x7a\\xff\\x00'", "'\\x4'", "'\\xg1'",
  "'\\u0041\\u00e4\\u2028'", "'\\u004'", "'\\u004g'", "'\\U0041'", "'\\uD83D\\uDE00'", "'\\uD83D'", "'\\uDE00'",
  "'\\uDE00\\uD83D'", "'\\uD83D\\\n\\uDE00'", "'\\uD83Dx\\uDE00'", "'\\uD83D\\uD83D\\uDE00'", "'\\u{41}'", "'\\01'",
  "'\\00'", "'\\0a'", "'\\1'", "'\\7'", "'\\8'", "'\\9'", "'\\a\\c\\d\\e\\q\\z\\/\\ '", "'\\\\'", "'\\'", "'a", "a'", "'a\nb'",
  "'a\rb'", "'a\\\nb'", "'a\\\rb'", "'a\\\r\nb'", "'a\\\n\rb'", "'a\\\u2028b'", "'a\\\u2029b'", "'a\u2028b'", "'a\u2029b'",
  "'a\tb'", "'a\u0000b'", "'a\u0001\u001f\u007fb'", "'\\\u00e4'", "'\\\u{1F600}'", "'\u{1F600}\u00e4\u4e2d'", "'\ufeff'",
  "\"\\/\"", "'\\\"'", "\"a'", "'a\"", "`a`", "'a' 'b'", "'a'+'b'", "'\\", "'\\x", "'\\u", "\"\\\u0000\"",
  // arrays
  "[1]", "[1,2]", "[1,]", "[,]", "[,1]", "[1,,2]", "[1,,]", "[ 1 , 2 , ]", "[1 2]", "[1;2]", "[", "[1", "[1,", "]", "[[]]",
  "[[],[],]", "[[[[[[[[]]]]]]]]", "[{}]", "[}", "[/*a*/1/*b*/,/*c*/]", "[1//a\n,2]", "[null,true,'x',1.5,[],{}]", "[a]",
  "[-]", "[.]", "[+1,-1,.1,1.,0x1]",
  // objects
  "{a:1}", "{a:1,}", "{,}", "{,a:1}", "{a:1,,}", "{a:1,b:2}", "{a:1 b:2}", "{a}", "{a:}", "{:1}", "{a 1}", "{a:1", "{a:",
  "{a", "{", "}", "{'a':1}", "{\"a\":1}", "{'a b':1}", "{a b:1}", "{a-b:1}", "{a.b:1}", "{1:1}", "{1a:1}", "{a1:1}", "{-1:1}",
  "{0x1:1}", "{$:1}", "{_:1}", "{$_$:1}", "{a$b_c9:1}", "{\u00e4:1}", "{a\u00e4\u4e2d:1}", "{\u4e2d\u6587:1}", "{\u{1F600}:1}",
  "{\u{10400}:1}", "{a\u{1D165}:1}", "{\u2160:1}", "{\u0300:1}", "{a\u0300:1}", "{a\u0660:1}", "{\u0660:1}", "{a\u203f:1}",
  "{\u203f:1}", "{a\u200c\u200d:1}", "{\u200c:1}", "{\\u0061:1}", "{a\\u0062c:1}", "{\\u0031:1}", "{a\\u0031:1}", "{\\u0024:1}",
  "{\\u005f:1}", "{\\u200c:1}", "{a\\u200c:1}", "{a\\u0020:1}", "{\\x61:1}", "{\\u006:1}", "{\\u:1}", "{\\:1}", "{a\\:1}",
  "{\\uD801\\uDC00:1}", "{null:1}", "{true:1,false:2,null:3}", "{if:1,class:2}", "{NaN:1,Infinity:2}", "{undefined:1}",
  "{__proto__:1}", "{'__proto__':{a:1}}", "{constructor:1,toString:2,hasOwnProperty:3}", "{a:1,a:2}", "{a:1,b:2,'a':3}",
  "{a:{b:{c:{d:[1,{e:2}]}}}}", "{'':1}", "{\"\\u0061\":1,a:2}", "{a :1}", "{ a: 1 }", "{a\n:\n1\n}", "{a/**/:/**/1/**/}",
  "{a//\n:1}", "{'a\\\nb':1}", "{b:1,a:2,c:3}", "{2:1}", "{'2':1,'1':2,a:3}", "{\ta:1,\u00a0b:2,\ufeffc:3}", "{a:1}//",
  "{[a]:1}", "{'a':'b','c':\"d\",}", "{a:'multi\\\nline'}", "{a::1}", "{'a'b:1}", "{a'b':1}", "{a:1;b:2}", "{a=1}",
  // white space and comments
  "\u00a01", "\u16801", "\u20001", "\u20051", "\u200a1", "\u202f1", "\u205f1", "\u30001", "\u20281", "\u20291", "\ufeff1",
  "1\ufeff", "\u180e1", "\u200b1", "\u00851", "\v1", "\f1", "\u00001", "// a\n1", "// a\r1", "// a\u20281", "// a\u20291",
  "// a\r\n1", "1// a", "1//", "/*a*/1", "/**/1", "/***/1", "/****/1", "/* * / */1", "/*/1", "/* a", "/* a *", "/*/*/1",
  "/* /* */ 1", "/* */ */ 1", "1/**/", "1/* */ ", "/ 1", "/", "1 /", "#1", "<!-- 1", "/*\n\n*/\n1", "//\n//\n1", "// \u{1F600}\n1",
  "[1/**/2]", "/*\u2028*/1", "//*\n1", "/**//**/1", "tr/**/ue", "'a//b'", "'/*a*/'",
  // documents as people write them
  "{\n  // comments\n  unquoted: 'and you can quote me on that',\n  singleQuotes: 'I can use \"double quotes\" here',\n  lineBreaks: 'Look, Mom! \\\nNo \\\\n\\'s!',\n  hexadecimal: 0xdecaf,\n  leadingDecimalPoint: .8675309, andTrailing: 8675309.,\n  positiveSign: +1,\n  trailingComma: 'in objects', andIn: ['arrays',],\n  \"backwardsCompatible\": \"with JSON\",\n}\n",
  "{\n  version: 3,\n  steps: [\n    { update: 'users', set: { email: { $lower: '$email' } }, },\n    { delete: 'carts', where: \"ttl < 1700000000\" /* old */ },\n  ],\n}",
  "{\"TableName\": \"app\", \"Key\": {\"pk\": {\"S\": \"user#1\"}}, \"Limit\": 25, \"Score\": -1.5e-7, \"Ok\": true, \"None\": null}",
  "[\r\n  'a', // first\r\n  'b', /* second */\r\n]\r\n",
  "{ tables: { main: 'app-${stage}', }, stages: ['dev', 'prod',], retries: +5, rate: .75, mask: 0xFF }",
];

// Small, and the same everywhere: xorshift32.
function* numbers(seed) {
  let state = seed >>> 0;
  while (true) {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    yield state;
  }
}

const pieces = [
  "{", "}", "[", "]", ",", ":", "'", '"', "\\", "/", "*", "//", "/*", "*/", "\n", "\r", "\r\n", "\u2028", " ", "\t", "\u00a0",
  "\ufeff", "+", "-", ".", "0", "1", "9", "e", "E", "x", "0x", "a", "f", "u", "\\u", "\\u00", "\\x", "\\0", "\\\n", "n", "v", "$",
  "_", "null", "true", "NaN", "Infinity", "\u00e4", "\u4e2d", "\u{1F600}", "\u0300", "\u200d", "\u0000", "\u001f", "a:1,",
  "'k':", "[1,]", "{a:1}", ",,", "__proto__:",
];

export function mutations(seed, count) {
  const chance = numbers(seed);
  const below = (limit) => chance.next().value % limit;
  const pick = (list) => list[below(list.length)];
  const changes = [
    (text, at) => [...text.slice(0, at), ...text.slice(at + 1)],
    (text, at) => [...text.slice(0, at), pick(pieces), ...text.slice(at)],
    (text, at) => [...text.slice(0, at), pick(pieces), ...text.slice(at + 1)],
    (text, at) => [...text.slice(0, at), ...text.slice(at, at + 1 + below(6)), ...text.slice(at)],
    (text, at) => [...text.slice(0, at), ...Array.from(pick(written)), ...text.slice(at)],
    (text, at) => text.slice(0, at),
  ];
  const made = [];
  while (made.length < count) {
    let text = Array.from(pick(written));
    for (let edits = 1 + below(3); edits > 0; --edits) {
      text = pick(changes)(text, below(text.length + 1));
    }
    made.push(text.join(""));
  }
  return made;
}
