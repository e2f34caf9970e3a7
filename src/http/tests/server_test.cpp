#include <dynamigrate/http/server.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <latch>
#include <list>
#include <thread>

namespace dynamigrate::http {
namespace {

using std::chrono::milliseconds;

/// A client that does what no library would.
class RawClient {
public:
    explicit RawClient(const Server& server, int receive_buffer = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (receive_buffer > 0) {
            setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        timeval patience{10, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_connected_ =
            connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawClient() { close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool send(std::string_view text) {
        return is_connected_ && ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
                                    static_cast<ssize_t>(text.size());
    }
    /// What comes until the text ends so, or until the connection ends.
    std::string receive_until(std::string_view end) {
        std::string text;
        std::array<char, 4096> bytes{};
        while (!text.ends_with(end)) {
            ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
            if (count <= 0) {
                return text + (count == 0 || errno == ECONNRESET ? "<end>" : "<patience>");
            }
            text.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    std::string ask(std::string_view body) {
        send(fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                         body));
        return receive_until("!");
    }
    /// Whether the server ends the connection.
    bool is_ended() { return receive_until("<end>").ends_with("<end>"); }

private:
    int socket_;
    bool is_connected_ = false;
};

std::unique_ptr<Server> make_echo(const ServerOptions& options = {}) {
    return make_server(options, [](const ServedRequest& request, ServedResponse& response) {
        response.body = fmt::format("{} {}!", request.target, request.body);
    });
}

bool is_answer(const std::string& text, const std::string& body) {
    return text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\n" + body);
}

TEST(Server, AnswersSeveralRequestsOfOneConnection) {
    auto server = make_echo();
    RawClient client(*server);
    EXPECT_PRED2(is_answer, client.ask("a"), "/ a!");
    EXPECT_PRED2(is_answer, client.ask("b"), "/ b!");
    client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string answers = client.receive_until("/2 !");
    EXPECT_NE(answers.find("/1 !"), std::string::npos);
    EXPECT_TRUE(answers.ends_with("/2 !")) << answers;
}

TEST(Server, ClosesWhereTheClientAsksForIt) {
    auto server = make_echo();
    RawClient client(*server);
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    std::string answer = client.receive_until("<end>");
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("/ !<end>"));
    RawClient old(*server);
    old.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.receive_until("<end>").ends_with("/ !<end>"));
}

TEST(Server, AnswersHeadWithoutABody) {
    auto server = make_echo();
    RawClient client(*server);
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    std::string answer = client.receive_until("<end>");
    EXPECT_NE(answer.find("Content-Length: 3\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n<end>"));
}

TEST(Server, InvitesTheBodyOfAClientThatWaits) {
    auto server = make_echo();
    RawClient client(*server);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("b");
    EXPECT_PRED2(is_answer, client.receive_until("!"), "/ b!");
}

TEST(Server, AnswersThoughManySilentConnectionsAreOpen) {
    ServerOptions options;
    options.threads = 2;
    auto server = make_echo(options);
    std::list<RawClient> idle;
    for (int i = 0; i < 20; ++i) {
        EXPECT_PRED2(is_answer, idle.emplace_back(*server).ask("x"), "/ x!");
        idle.emplace_back(*server).send("POST / HTTP/1.1\r\nHost: h\r\nContent-Le");
    }
    RawClient client(*server);
    EXPECT_PRED2(is_answer, client.ask("a"), "/ a!");
    EXPECT_PRED2(is_answer, idle.front().ask("again"), "/ again!");
}

TEST(Server, AnswersThoughClientsDoNotReadTheirAnswers) {
    ServerOptions options;
    options.threads = 2;
    auto server = make_server(options, [](const ServedRequest& request, ServedResponse& response) {
        response.body = request.body == "large" ? std::string(8'000'000, 'x') : "small!";
    });
    std::list<RawClient> greedy;
    for (int i = 0; i < 6; ++i) {
        greedy.emplace_back(*server, 4096)
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nlarge");
    }
    RawClient client(*server);
    EXPECT_PRED2(is_answer, client.ask("a"), "small!");
}

TEST(Server, SendsALargeAnswerWhole) {
    auto server = make_server({}, [](const ServedRequest&, ServedResponse& response) {
        response.body = std::string(8'000'000, 'x') + "!";
    });
    RawClient client(*server);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string answer = client.receive_until("!");
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 8'000'001U);
}

TEST(Server, ClosesIdleSlowAndUnreadConnections) {
    ServerOptions options;
    options.idle_timeout = options.request_timeout = options.answer_timeout = milliseconds(40);
    auto server = make_server(options, [](const ServedRequest&, ServedResponse& response) {
        response.body = std::string(8'000'000, 'x');
    });
    RawClient silent(*server);
    EXPECT_TRUE(silent.is_ended());
    RawClient unfinished(*server);
    unfinished.send("POST / HTTP/1.1\r\n");
    EXPECT_TRUE(unfinished.is_ended());
    RawClient unread(*server, 4096);
    unread.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(RawClient(*server).is_ended());  // later than the other's time is over
    }
    EXPECT_LT(unread.receive_until("<end>").size(), 8'000'000U);
}

TEST(Server, ClosesAClientThatDribbles) {
    ServerOptions options;
    options.request_timeout = milliseconds(60);
    auto server = make_echo(options);
    RawClient client(*server);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
    int sent = 0;
    while (sent < 50'000'000 && client.send("x")) {
        ++sent;
    }
    EXPECT_LT(sent, 50'000'000);
}

TEST(Server, RefusesWhatIsMalformedAndEndsThere) {
    auto server = make_echo();
    RawClient client(*server);
    client.send("rubbish\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string answer = client.receive_until("<end>");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("HTTP request\n<end>")) << answer;
}

TEST(Server, RefusesALargeBodyInTheWordsGiven) {
    ServerOptions options;
    options.max_body_bytes = 10;
    options.refuse = [](std::string_view reason, ServedResponse& response) {
        response.content_type = "application/x-refusal";
        response.body = fmt::format("{}: {}.", response.status, reason);
    };
    auto server = make_echo(options);
    RawClient client(*server);
    // The sender is still sending when it is refused, and must see the answer all the same.
    std::string body(3'000'000, 'x');
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + body);
    std::string answer = client.receive_until("<end>");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_NE(answer.find("Content-Type: application/x-refusal\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("413: the body is too large.<end>")) << answer;
}

TEST(Server, HoldsOnlySoManyBytesOfAllRequestsTogether) {
    ServerOptions options;
    options.max_received_bytes = 1'000'000;
    std::latch entered(1), may_go(1);
    auto server = make_server(options, [&](const ServedRequest& request, ServedResponse& response) {
        if (request.body.front() == 'a') {
            entered.count_down();
            may_go.wait();
        }
        response.body = "done!";
    });
    RawClient first(*server);
    std::jthread asker(
        [&] { EXPECT_PRED2(is_answer, first.ask(std::string(700'000, 'a')), "done!"); });
    entered.wait();
    RawClient second(*server);
    second.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n" +
                std::string(700'000, 'b'));
    EXPECT_TRUE(second.receive_until("<end>").starts_with("HTTP/1.1 503 "));
    may_go.count_down();
    asker.join();
    RawClient third(*server);
    EXPECT_PRED2(is_answer, third.ask(std::string(900'000, 'c')), "done!");
}

TEST(Server, MakesRoomByClosingTheMostSilentConnection) {
    ServerOptions options;
    options.max_connections = 3;
    options.threads = 1;  // which stays with the one that asked last
    auto server = make_echo(options);
    std::list<RawClient> clients;
    for (int i = 0; i < 3; ++i) {
        EXPECT_PRED2(is_answer, clients.emplace_back(*server).ask("x"), "/ x!");
    }
    RawClient newcomer(*server);
    EXPECT_PRED2(is_answer, newcomer.ask("new"), "/ new!");
    EXPECT_TRUE(clients.front().is_ended());
    EXPECT_PRED2(is_answer, clients.back().ask("still"), "/ still!");
}

TEST(Server, RunsAsManyHandlersAtOnceAsItHasThreads) {
    ServerOptions options;
    options.threads = 4;
    std::latch together(4);
    auto server = make_server(options, [&](const ServedRequest&, ServedResponse& response) {
        together.arrive_and_wait();
        response.body = "met!";
    });
    std::list<RawClient> clients;
    std::vector<std::jthread> threads;
    std::atomic<int> met = 0;
    for (int i = 0; i < 4; ++i) {
        RawClient& client = clients.emplace_back(*server);
        threads.emplace_back([&] { met += is_answer(client.ask("x"), "met!") ? 1 : 0; });
    }
    threads.clear();
    EXPECT_EQ(met, 4);
}

TEST(Server, LetsARunningHandlerAnswerWhenItStops) {
    std::latch entered(1), may_go(1);
    auto server = make_server({}, [&](const ServedRequest& request, ServedResponse& response) {
        if (request.body == "x") {
            entered.count_down();
            may_go.wait();
        }
        response.body = "done!";
    });
    RawClient client(*server);
    RawClient idle(*server);
    EXPECT_PRED2(is_answer, idle.ask("y"), "done!");
    std::jthread asker([&] {
        std::string answer = client.ask("x");
        EXPECT_PRED2(is_answer, answer, "done!");
        EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    });
    entered.wait();
    std::jthread stopper([&] { server->stop(); });
    EXPECT_TRUE(idle.is_ended());
    may_go.count_down();
    stopper.join();
    asker.join();
    RawClient late(*server);
    EXPECT_FALSE(is_answer(late.ask("x"), "done!"));
}

TEST(Server, TellsWhereItListens) {
    auto server = make_echo();
    EXPECT_EQ(server->origin(), fmt::format("http://127.0.0.1:{}", server->port()));
    EXPECT_EQ(make_echo({.host = "::1"})->origin().substr(0, 13), "http://[::1]:");
    EXPECT_EQ(make_echo({.host = "0.0.0.0"})->origin().substr(0, 17), "http://127.0.0.1:");
    try {
        make_echo({.host = "no-such-host.invalid"});
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    }
}

}  // namespace
}  // namespace dynamigrate::http
