#include <dynamigrate/http/client.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/server.hpp>
#include <dynamigrate/http/testing/fault_proxy.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace dynamigrate::http {
namespace {

using testing::Fault;
using testing::FaultProxy;

Request post(const std::string& url, std::string_view body) {
    Request request;
    request.method = "POST";
    request.url = url;
    request.body = body;
    return request;
}

base::Error failure_of(Client& client, const Request& request) {
    Response response;
    try {
        client.send(request, response);
    } catch (const base::Error& error) {
        return error;
    }
    return {base::ErrorKind::internal, "no failure"};
}

/// A server that answers with method, target, a header and the body of the request.
std::unique_ptr<Server> make_echo() {
    return make_server({}, [](const ServedRequest& request, ServedResponse& response) {
        response.headers.push_back({"X-Seen", request.header("x-Mine")});
        response.headers.push_back({"X-Expect", request.header("expect")});
        response.headers.push_back({"X-Encoding", request.header("accept-encoding")});
        response.body = fmt::format("{} {} ", request.method, request.target);
        response.body.append(request.body);
    });
}

TEST(CurlClient, SendsMethodTargetHeadersAndBody) {
    auto server = make_echo();
    auto client = make_curl_client();
    Request request = post(server->origin() + "/a%20b?c=d", "body");
    request.headers = {{"X-Mine", "value"}, {"X-Empty", ""}};
    Response response;
    client->send(request, response);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "POST /a%20b?c=d body");
    EXPECT_EQ(response.header("x-seen"), "value");
    EXPECT_EQ(response.header("x-missing"), std::nullopt);
}

TEST(CurlClient, AsksNeitherForContinueNorForCompression) {
    auto server = make_echo();
    auto client = make_curl_client();
    Response response;
    std::string large(2'000'000, 'x');
    client->send(post(server->origin(), large), response);
    EXPECT_EQ(response.header("x-expect"), "");
    EXPECT_EQ(response.header("x-encoding"), "");
    EXPECT_EQ(response.body.size(), large.size() + std::string_view("POST / ").size());
}

TEST(CurlClient, ChangesMethodsOnOneConnection) {
    auto server = make_echo();
    FaultProxy proxy("127.0.0.1", server->port(), [](std::uint64_t) { return Fault{}; });
    auto client = make_curl_client();
    Response response;
    for (std::string method : {"POST", "GET", "PUT", "DELETE", "POST", "PUT", "GET"}) {
        Request request = post(proxy.origin() + "/", method[0] == 'P' ? "b" : "");
        request.method = method;
        client->send(request, response);
        EXPECT_EQ(response.body, method + " / " + std::string(request.body));
    }
    EXPECT_EQ(proxy.connections(), 1U);
}

TEST(CurlClient, RefusedConnectionSurelyAppliedNothing) {
    int port = 0;
    {
        auto server = make_echo();
        port = server->port();
    }
    auto client = make_curl_client();
    base::Error error = failure_of(*client, post(fmt::format("http://127.0.0.1:{}", port), "b"));
    EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    EXPECT_FALSE(error.may_have_applied());
}

TEST(CurlClient, NeverResendsABodyOnADeadReusedConnection) {
    std::atomic<int> applied = 0;
    auto server = make_server({}, [&](const ServedRequest&, ServedResponse&) { ++applied; });
    FaultProxy proxy("127.0.0.1", server->port(), [](std::uint64_t n) {
        return n == 2 ? Fault{.kind = Fault::Kind::lose_answer} : Fault{};
    });
    auto client = make_curl_client();
    Response response;
    client->send(post(proxy.origin(), "first"), response);
    base::Error error = failure_of(*client, post(proxy.origin(), "second"));
    EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    EXPECT_TRUE(error.may_have_applied());
    EXPECT_EQ(applied, 2);
    EXPECT_EQ(proxy.requests(), 2U);
    client->send(post(proxy.origin(), "third"), response);
    EXPECT_EQ(applied, 3);
}

TEST(CurlClient, NeverResendsALargeBodyEither) {
    std::atomic<int> applied = 0;
    auto server = make_server({}, [&](const ServedRequest&, ServedResponse&) { ++applied; });
    for (auto kind : {Fault::Kind::lose_answer, Fault::Kind::reset_answer, Fault::Kind::reset,
                      Fault::Kind::drop, Fault::Kind::truncate_answer}) {
        applied = 0;
        FaultProxy proxy("127.0.0.1", server->port(), [kind](std::uint64_t n) {
            return n % 2 == 0 ? Fault{.kind = kind} : Fault{};
        });
        auto client = make_curl_client();
        std::string large(300'000, 'x');
        Response response;
        client->send(post(proxy.origin(), large), response);
        EXPECT_TRUE(failure_of(*client, post(proxy.origin(), large)).may_have_applied());
        EXPECT_EQ(proxy.requests(), 2U);
        EXPECT_LE(applied, 2);
    }
}

TEST(CurlClient, TriesARequestWithoutBodyAgainOnADeadReusedConnection) {
    auto server = make_echo();
    FaultProxy proxy("127.0.0.1", server->port(), [](std::uint64_t n) {
        return n == 2 ? Fault{.kind = Fault::Kind::drop} : Fault{};
    });
    auto client = make_curl_client();
    Request request = post(proxy.origin() + "/", "");
    request.method = "GET";
    Response response;
    client->send(request, response);
    client->send(request, response);
    EXPECT_EQ(response.body, "GET / ");
    EXPECT_EQ(proxy.requests(), 3U);
}

TEST(CurlClient, ConnectsAnewWhereTheServerHasClosedTheConnection) {
    auto first = make_echo();
    auto client = make_curl_client();
    Response response;
    client->send(post(first->origin(), "b"), response);
    ServerOptions options;
    options.port = first->port();
    first.reset();
    auto second = make_server(
        options, [](const ServedRequest&, ServedResponse& answer) { answer.body = "second"; });
    client->send(post(second->origin(), "b"), response);
    EXPECT_EQ(response.body, "second");
}

TEST(CurlClient, RefusesAHeaderThatWouldEndItsLine) {
    auto server = make_echo();
    auto client = make_curl_client();
    Request request = post(server->origin(), "b");
    request.headers = {{"X-Mine", "secret\r\nX-Other: 1"}};
    base::Error error = failure_of(*client, request);
    EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
    EXPECT_FALSE(error.may_have_applied());
    EXPECT_EQ(std::string_view(error.what()).find("secret"), std::string_view::npos);
}

TEST(CurlClient, RefusesABadUrl) {
    auto client = make_curl_client();
    EXPECT_EQ(failure_of(*client, post("ftp://x", "")).kind(), base::ErrorKind::invalid_argument);
}

TEST(CurlClient, NamesATimeout) {
    auto server = make_echo();
    FaultProxy proxy("127.0.0.1", server->port(), [](std::uint64_t) {
        return Fault{.delay = std::chrono::milliseconds(10'000)};
    });
    auto client = make_curl_client();
    Request request = post(proxy.origin(), "b");
    request.timeout = std::chrono::milliseconds(50);
    base::Error error = failure_of(*client, request);
    EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    EXPECT_EQ(error.service_code(), "RequestTimeout");
    EXPECT_TRUE(error.may_have_applied());
}

TEST(CurlClient, StopEndsATransferAtOnce) {
    std::latch received(1);
    auto server = make_echo();
    FaultProxy proxy("127.0.0.1", server->port(), [&received](std::uint64_t) {
        received.count_down();
        return Fault{.delay = std::chrono::milliseconds(60'000)};
    });
    auto client = make_curl_client();
    std::stop_source stop;
    Request request = post(proxy.origin(), "b");
    request.stop = stop.get_token();
    std::jthread stopper([&] {
        received.wait();
        stop.request_stop();
    });
    auto before = std::chrono::steady_clock::now();
    base::Error error = failure_of(*client, request);
    EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
    EXPECT_TRUE(error.may_have_applied());
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
}

TEST(CurlClient, StoppedBeforehandSendsNothing) {
    auto server = make_echo();
    auto client = make_curl_client();
    std::stop_source stop;
    stop.request_stop();
    Request request = post(server->origin(), "b");
    request.stop = stop.get_token();
    base::Error error = failure_of(*client, request);
    EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
    EXPECT_FALSE(error.may_have_applied());
}

TEST(CurlClient, ServesManyThreads) {
    auto server = make_echo();
    auto client = make_curl_client();
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                Response response;
                for (int i = 0; i < 20; ++i) {
                    std::string body = fmt::format("{}:{}", thread, i);
                    client->send(post(server->origin(), body), response);
                    right += response.body == "POST / " + body ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(right, 160);
}

TEST(Server, TurnsAnExceptionIntoStatus500) {
    auto server = make_server(
        {}, [](const ServedRequest&, ServedResponse&) { throw std::runtime_error("broken"); });
    auto client = make_curl_client();
    Response response;
    client->send(post(server->origin(), "b"), response);
    EXPECT_EQ(response.status, 500);
}

TEST(Server, RefusesAPortInUse) {
    auto server = make_echo();
    ServerOptions options;
    options.port = server->port();
    EXPECT_THROW(make_server(options, [](const ServedRequest&, ServedResponse&) {}), base::Error);
}

TEST(Server, StopsAtOnceWithIdleClients) {
    auto server = make_echo();
    auto client = make_curl_client();
    Response response;
    client->send(post(server->origin(), "b"), response);
    auto before = std::chrono::steady_clock::now();
    server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
}

TEST(FaultProxy, BreaksWhatThePlanSays) {
    std::atomic<int> applied = 0;
    auto server = make_server({}, [&](const ServedRequest&, ServedResponse&) { ++applied; });
    FaultProxy proxy("127.0.0.1", server->port(), [](std::uint64_t n) {
        switch (n) {
            case 1:
                return testing::throttle();
            case 2:
                return Fault{.kind = Fault::Kind::replace_answer};
            default:
                return Fault{};
        }
    });
    auto client = make_curl_client();
    Response response;
    client->send(post(proxy.origin(), "b"), response);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(applied, 0);
    client->send(post(proxy.origin(), "b"), response);
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(applied, 1);
    client->send(post(proxy.origin(), "b"), response);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(proxy.requests(), 3U);
    EXPECT_EQ(proxy.forwarded(), 2U);
}

}  // namespace
}  // namespace dynamigrate::http
