#include <dynamigrate/http/url.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::http {
namespace {

TEST(ParseUrl, TakesTheParts) {
    Url url = parse_url("HTTP://LocalHost:8000/a%20b/c?x=1&y#fragment");
    EXPECT_EQ(url.scheme, "http");
    EXPECT_EQ(url.host, "localhost");
    EXPECT_EQ(url.port, 8000);
    EXPECT_EQ(url.path, "/a%20b/c");
    EXPECT_EQ(url.query, "x=1&y");
    EXPECT_EQ(url.origin(), "http://localhost:8000");
}

TEST(ParseUrl, HidesTheSchemesOwnPort) {
    EXPECT_EQ(parse_url("https://dynamodb.eu-west-1.amazonaws.com:443").origin(),
              "https://dynamodb.eu-west-1.amazonaws.com");
    EXPECT_EQ(parse_url("http://h").port, 80);
    EXPECT_EQ(parse_url("http://h?q").path, "/");
}

TEST(ParseUrl, KeepsBracketsOnlyInTheAuthority) {
    Url url = parse_url("http://[::1]:8000/");
    EXPECT_EQ(url.host, "::1");
    EXPECT_EQ(url.authority(), "[::1]:8000");
}

TEST(ParseUrl, RefusesWhatIsNoHttpUrl) {
    for (const char* text : {"", "localhost:8000", "ftp://h", "http://", "http://h:0", "http://h:x",
                             "http://h:65536", "http://[::1", "http://u:p@h", "http://a b"}) {
        EXPECT_THROW(parse_url(text), base::Error) << text;
    }
}

TEST(ParseUrl, NeverRepeatsAPassword) {
    try {
        parse_url("http://user:secret@host");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
}

TEST(Loopback, KnowsThisMachinesNames) {
    EXPECT_TRUE(is_loopback("localhost"));
    EXPECT_TRUE(is_loopback("127.0.0.1"));
    EXPECT_TRUE(is_loopback("127.9.9.9"));
    EXPECT_TRUE(is_loopback("::1"));
    EXPECT_FALSE(is_loopback("127.0.0.1.example.com"));
    EXPECT_FALSE(is_loopback("169.254.170.2"));
}

TEST(PercentEncoding, KeepsOnlyUnreservedCharacters) {
    EXPECT_EQ(percent_encoded("a-_.~Z9/ +\xC3\xA4"), "a-_.~Z9%2F%20%2B%C3%A4");
    EXPECT_EQ(percent_encoded("a/b c", true), "a/b%20c");
}

}  // namespace
}  // namespace dynamigrate::http
