#include "../server_request.hpp"

#include <dynamigrate/base/random.hpp>

#include <gtest/gtest.h>

#include <string>

namespace dynamigrate::http {
namespace {

using Progress = RequestReader::Progress;

/// Reads the text in pieces of that size, as one request; what it says: its status, or its parts.
std::string outcome(const std::string& text, std::size_t piece = std::string::npos,
                    std::size_t max_body = 100) {
    RequestReader reader(max_body);
    Progress progress = Progress::incomplete;
    for (std::size_t i = 0; i < text.size() && progress == Progress::incomplete;) {
        std::string part = text.substr(i, piece);
        i += part.size();
        reader.append(part);
        progress = reader.advance();
    }
    if (progress == Progress::incomplete) {
        return "incomplete";
    }
    if (progress == Progress::refused) {
        return std::to_string(reader.status());
    }
    ServedRequest request = reader.request();
    return std::string(request.method) + " " + std::string(request.target) + " " +
           request.header("x-a") + " " + std::string(request.body) +
           (reader.keeps_alive() ? "" : " close");
}

const std::string kHead = "POST /p?q HTTP/1.1\r\nHost: h\r\nX-A:  1 \r\n";

TEST(RequestReader, TakesRequestsInAnyPieces) {
    for (std::size_t piece = 1; piece < 80; ++piece) {
        EXPECT_EQ(outcome(kHead + "Content-Length: 4\r\n\r\nbody", piece), "POST /p?q 1 body");
        EXPECT_EQ(
            outcome(kHead + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nbod\r\n1\r\ny\r\n0\r\n"
                            "Trailer: t\r\n\r\n",
                    piece),
            "POST /p?q 1 body");
        EXPECT_EQ(outcome("\r\nGET / HTTP/1.0\r\n\r\n", piece), "GET /   close");
    }
    EXPECT_EQ(outcome(kHead + "connection: Close\r\n\r\n"), "POST /p?q 1  close");
}

TEST(RequestReader, KeepsWhatFollowsARequest) {
    RequestReader reader(100);
    reader.append(kHead + "Content-Length: 1\r\n\r\na" + kHead +
                  "Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n" + kHead + "\r\nrest");
    for (const char* body : {"a", "b", ""}) {
        ASSERT_EQ(reader.advance(), Progress::complete);
        EXPECT_EQ(reader.request().body, body);
        reader.next();
    }
    EXPECT_EQ(reader.advance(), Progress::incomplete);
    EXPECT_FALSE(reader.is_empty());
}

TEST(RequestReader, RefusesWhatIsMalformed) {
    for (const char* text :
         {"nonsense\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
          "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "G@T / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"}) {
        EXPECT_EQ(outcome(text), "400") << text;
    }
    EXPECT_EQ(outcome(std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28)), "400");
    EXPECT_EQ(outcome("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), "505");
    EXPECT_EQ(outcome(kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n"), "501");
}

TEST(RequestReader, RefusesWhatIsTooLarge) {
    EXPECT_EQ(outcome(kHead + "Content-Length: 101\r\n\r\n"), "413");
    EXPECT_EQ(outcome(kHead + "Content-Length: 99999999999999999999\r\n\r\n"), "400");
    EXPECT_EQ(outcome(kHead + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), "413");
    EXPECT_EQ(outcome(kHead + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n64\r\n"), "413");
    EXPECT_EQ(outcome(kHead + "X-Long: " + std::string(70'000, 'x')), "431");
    std::string trailers;
    while (trailers.size() < 70'000) {
        trailers += "Trailer: t\r\n";
    }
    EXPECT_EQ(outcome(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + trailers), "431");
}

TEST(RequestReader, JudgesTheSameHoweverTheBytesCome) {
    const std::string seeds[] = {
        kHead + "Content-Length: 4\r\n\r\nbody" + kHead + "\r\n",
        kHead +
            "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nbod\r\n1\r\ny\r\n0\r\nTrailer: t\r\n\r\n",
        "\r\nGET / HTTP/1.0\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"};
    using namespace std::string_view_literals;
    constexpr std::string_view kSpice = "\r\n :;,0f9xGHc\0\xff"sv;
    base::SeededRandom random(3);
    for (int i = 0; i < 2'000; ++i) {
        std::string text = seeds[random.below(3)];
        for (std::uint64_t changes = random.below(4); changes > 0; --changes) {
            std::size_t place = random.below(text.size());
            if (random.below(3) == 0) {
                text.erase(place, 1 + random.below(5));
            } else {
                text.insert(place, 1, kSpice[random.below(kSpice.size())]);
            }
        }
        std::string whole = outcome(text);
        for (std::size_t piece : {1U, 2U, 3U, 7U, 50U}) {
            ASSERT_EQ(outcome(text, piece), whole) << text;
        }
    }
}

TEST(RequestReader, TellsOnceThatTheClientWaitsToSendTheBody) {
    RequestReader reader(100);
    reader.append(kHead + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(reader.advance(), Progress::incomplete);
    EXPECT_TRUE(reader.take_expectation());
    EXPECT_FALSE(reader.take_expectation());
    reader.append("body");
    EXPECT_EQ(reader.advance(), Progress::complete);
}

}  // namespace
}  // namespace dynamigrate::http
