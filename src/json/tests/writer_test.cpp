#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace dynamigrate::json {
namespace {

std::string in_quotes(std::string_view text) {
    std::string out;
    Writer::append_quoted(out, text);
    return out;
}

TEST(Writer, PutsCommasByItself) {
    std::string out;
    Writer w(out);

    w.begin_object().key("a").begin_array().number(1).number(-2).begin_object().end_object();
    w.end_array().key("b").string("x").key("c").boolean(false).key("d").null();
    w.key("e").raw("[0]").end_object();

    EXPECT_EQ(out, R"({"a":[1,-2,{}],"b":"x","c":false,"d":null,"e":[0]})");
}

TEST(Writer, LetsCallersAppendValuesThemselves) {
    std::string out;
    Writer w(out);

    w.begin_array().number(1);
    w.separate();
    w.out() += "\"mine\"";
    w.value_written();
    w.number(2).end_array();

    EXPECT_EQ(out, R"([1,"mine",2])");
}

TEST(Writer, WritesTheEdgesOfNumbers) {
    std::string out;
    Writer w(out);

    w.begin_array().number(std::numeric_limits<std::int64_t>::min());
    w.number(std::numeric_limits<std::uint64_t>::max()).number(0.1).number(-2.5e300);
    w.number(std::numeric_limits<double>::quiet_NaN()).end_array();

    EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,0.1,-2.5e+300,null]");
}

TEST(Writer, EscapesWhatJsonRequires) {
    EXPECT_EQ(in_quotes(""), "\"\"");
    EXPECT_EQ(in_quotes("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f"),
              "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    EXPECT_EQ(in_quotes("\xC3\xA4\xF0\x9F\x98\x80"), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
}

TEST(Writer, FindsEscapesAtEveryPlace) {
    for (int code = 0; code < 128; ++code) {
        for (std::size_t place = 0; place < 20; ++place) {
            std::string text = "\x7f !#[]~\xC3\xA4 0123456789";
            text.resize(20, 'x');
            text[place == 7 || place == 8 ? 9 : place] = static_cast<char>(code);
            const std::string out = in_quotes(text);
            ASSERT_EQ(parse_json(out, "out").text(), text) << code << " at " << place;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::json
