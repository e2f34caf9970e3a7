#include "local_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace dynamigrate::cases {

namespace {

constexpr std::chrono::seconds kLongestStart{60};
constexpr std::chrono::milliseconds kBetweenTries{50};

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

int free_port() {
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bool bound = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                 getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(probe);
    if (!bound) {
        throw std::runtime_error("no port is free");
    }
    return ntohs(address.sin_port);
}

bool listens(int port) {
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(port);
    bool connected = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    return connected;
}

/// In a process group of its own, so that script and server end together.
pid_t start(int port) {
    std::string text = std::to_string(port);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execl(DYNAMIGRATE_SOURCE_DIR "/scripts/dynamodb-local", "dynamodb-local", "start",
              text.c_str(), nullptr);
        _exit(127);
    }
    return pid;
}

}  // namespace

LocalServer::LocalServer() {
    int port = free_port();
    endpoint_ = "http://localhost:" + std::to_string(port);
    pid_ = start(port);
    auto give_up = std::chrono::steady_clock::now() + kLongestStart;
    while (!listens(port)) {
        if (std::chrono::steady_clock::now() > give_up || waitpid(pid_, nullptr, WNOHANG) == pid_) {
            throw std::runtime_error(
                "DynamoDB Local does not start: try `scripts/dynamodb-local "
                "start " +
                std::to_string(port) + "`");
        }
        std::this_thread::sleep_for(kBetweenTries);
    }
}

LocalServer::~LocalServer() {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

}  // namespace dynamigrate::cases
