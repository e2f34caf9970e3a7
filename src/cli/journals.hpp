#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/layers/journal_store.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace dynamigrate::base {
class Log;
}

namespace dynamigrate::cli {

struct Project;

/// Whether a store's name is of objects in a bucket or a table, not a directory.
bool is_remote_journal(std::string_view store);

/// What journals are reached with. All must outlive them.
struct JournalSurroundings {
    const base::Environment& environment;
    dynamodb::Service& service;  ///< for tables of journals
    base::Clock& clock;
    base::Random& random;
    base::Log& log;
};

/// The journals of a project: new ones in the configured store, earlier ones wherever their runs'
/// rows say that they lie. A store is opened when it is needed.
class Journals final : public layers::JournalStore {
public:
    /// The project must outlive it.
    Journals(const Project& project, const JournalSurroundings& surroundings);
    ~Journals() override;

    std::string location(const std::string& run) const override;
    void begin(const std::string& run) override;
    bool holds(const std::string& run, const std::string& at) override;
    std::unique_ptr<layers::Journal> open(const std::string& run, const std::string& at) override;
    void remove(const std::string& run, const std::string& at) override;

    /// For a dry run: directories are those in `directory`, and nothing is written to the others.
    std::unique_ptr<Journals> make_view(const std::filesystem::path& directory) const;

private:
    struct Bucket;
    struct Place;

    layers::JournalStore& at(const std::string& run, const std::string& place);
    layers::JournalStore& store(const std::string& root);
    std::unique_ptr<base::ObjectStore> open_objects(Place& place, const std::string& root);
    std::unique_ptr<base::ObjectStore> open_bucket(Place& place, const std::string& root);

    const Project& project_;
    const JournalSurroundings surroundings_;
    bool is_view_ = false;
    std::unique_ptr<layers::JournalStore> directories_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Place>> places_;  ///< by root
};

}  // namespace dynamigrate::cli
