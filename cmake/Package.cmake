# cpack -G DEB in a build folder configured with -DCMAKE_INSTALL_PREFIX=/usr makes the package for Debian 12.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME certguard)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the certguard authors <certguard@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_ENHANCES mosquitto)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mosquitto (>= 2.0.11)")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Verifies certificates inside the TLS handshake of a Mosquitto broker against a private CA and a policy, reloads
rotated files by itself, ends sessions whose certificate expired or was revoked, and says why a client was refused.
With the companion tool certguard, which runs the private CA.")
include(CPack)
