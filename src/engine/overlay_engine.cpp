#include <dynamigrate/engine/engine.hpp>

#include "local_engine.hpp"
#include "overlay_catalog.hpp"
#include "overlay_rows.hpp"
#include "overlay_settings.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <algorithm>
#include <array>

namespace dynamigrate::engine {

namespace {

/// What would have to be done by the base, or would tell of the overlay as if it were the base.
constexpr std::array<std::string_view, 2> kRefused{"DeleteBackup", "RestoreTableFromBackup"};

/// An engine over another Service, with what it stands on.
class OverlayEngine final : public Engine {
public:
    OverlayEngine(dynamodb::Service& base, const OverlayOptions& options)
        : directory_(options.spill_directory),
          base_(base, options.stop),
          engine_(parts(options), without_sweeping(options.engine)) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (std::find(kRefused.begin(), kRefused.end(), call.operation) != kRefused.end()) {
            throw base::Error(base::ErrorKind::unimplemented,
                              std::string(call.operation) + " cannot be tried on an overlay")
                .service_code("UnknownOperationException");
        }
        if (!settings_->answer(call, reply)) {
            engine_.call(call, reply);
        }
    }
    std::string location() const override { return "overlay over " + base_.location(); }
    std::size_t delete_expired() override { return engine_.delete_expired(); }

private:
    EngineParts parts(const OverlayOptions& options) {
        base::Clock& clock = options.engine.clock != nullptr ? *options.engine.clock : clock_;
        EngineParts parts;
        parts.location = "overlay over " + base_.location();
        parts.store = std::make_unique<Store>(Store::Kind::spill, directory_);
        parts.locks = std::make_unique<KeyLocks>();
        parts.catalog = std::make_unique<OverlayCatalog>(base_, clock);
        settings_ = std::make_unique<OverlaySettings>(base_, *parts.catalog);
        parts.rows =
            std::make_unique<OverlayRows>(base_, *parts.store, *parts.locks, clock, options);
        return parts;
    }
    static EngineOptions without_sweeping(EngineOptions options) {
        options.sweeps = false;
        return options;
    }

    base::SystemClock clock_;
    std::filesystem::path directory_;
    OverlayBase base_;
    std::unique_ptr<OverlaySettings> settings_;  ///< made with the parts
    LocalEngine engine_;
};

}  // namespace

std::unique_ptr<Engine> Engine::over(dynamodb::Service& base, const OverlayOptions& options) {
    return std::make_unique<OverlayEngine>(base, options);
}

}  // namespace dynamigrate::engine
