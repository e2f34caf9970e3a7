#include "../response_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::http {
namespace {

using Progress = ResponseReader::Progress;

struct Reading {
    Response response;
    Progress progress = Progress::incomplete;
    bool keeps_alive = false;
    std::string reason;
};

/// Reads the text in pieces of this many bytes; then the connection ends when `is_closed`.
Reading read(std::string_view text, std::size_t piece, bool is_closed = false,
             bool answers_head = false) {
    Reading reading;
    ResponseReader reader(reading.response, answers_head);
    while (!text.empty() && reading.progress == Progress::incomplete) {
        reading.progress = reader.append(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
    }
    if (is_closed && reading.progress == Progress::incomplete) {
        reading.progress = reader.end();
    }
    reading.keeps_alive = reader.keeps_alive();
    reading.reason = reader.reason();
    return reading;
}

TEST(ResponseReader, TakesAnAnswerInPiecesOfAnySize) {
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen:  yes \r\n\r\nhello";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        Reading reading = read(text, piece);
        EXPECT_EQ(reading.progress, Progress::complete) << piece;
        EXPECT_EQ(reading.response.status, 200);
        EXPECT_EQ(reading.response.body, "hello");
        EXPECT_EQ(reading.response.header("x-seen"), "yes");
        EXPECT_TRUE(reading.keeps_alive);
    }
}

TEST(ResponseReader, JoinsChunksAndPassesOverTheirTrailers) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Late: 1\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        Reading reading = read(text, piece);
        EXPECT_EQ(reading.progress, Progress::complete) << piece;
        EXPECT_EQ(reading.response.body, "hello 0123456789");
        EXPECT_TRUE(reading.keeps_alive);
    }
}

TEST(ResponseReader, PassesOverWhatIsNotYetTheAnswer) {
    Reading reading =
        read("HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\nHTTP/1.1 204 No Content\r\nX-B: 2\r\n\r\n", 7);
    EXPECT_EQ(reading.progress, Progress::complete);
    EXPECT_EQ(reading.response.status, 204);
    EXPECT_EQ(reading.response.header("x-a"), std::nullopt);
    EXPECT_EQ(reading.response.header("x-b"), "2");
}

TEST(ResponseReader, ReadsToTheEndOfTheConnectionWhereNothingElseTellsTheEnd) {
    Reading reading = read("HTTP/1.1 200 OK\r\n\r\nall of it", 4, true);
    EXPECT_EQ(reading.progress, Progress::complete);
    EXPECT_EQ(reading.response.body, "all of it");
    EXPECT_FALSE(reading.keeps_alive);
}

TEST(ResponseReader, ExpectsNoBodyBehindAHeadRequest) {
    Reading reading = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 100, false, true);
    EXPECT_EQ(reading.progress, Progress::complete);
    EXPECT_TRUE(reading.keeps_alive);
}

TEST(ResponseReader, KnowsWhenTheConnectionIsNotKept) {
    EXPECT_FALSE(
        read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", 100).keeps_alive);
    EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 100).keeps_alive);
    EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", 100).keeps_alive);
}

TEST(ResponseReader, TellsAMissingAnswerFromHalfAnAnswer) {
    Response response;
    ResponseReader nothing(response, false);
    EXPECT_EQ(nothing.end(), Progress::malformed);
    EXPECT_EQ(nothing.reason(), "the server closed the connection without an answer");
    for (std::string_view text :
         {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
        Reading reading = read(text, 100, true);
        EXPECT_EQ(reading.progress, Progress::malformed) << text;
        EXPECT_EQ(reading.reason, "the server closed the connection in the middle of its answer");
    }
}

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
    const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x');
    for (std::string_view text : std::vector<std::string_view>{
             "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", endless}) {
        Reading reading = read(text, 1000);
        EXPECT_EQ(reading.progress, Progress::malformed) << text.substr(0, 60);
        EXPECT_FALSE(reading.reason.empty());
        EXPECT_FALSE(reading.keeps_alive);
    }
}

}  // namespace
}  // namespace dynamigrate::http
