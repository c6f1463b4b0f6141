"""python -m services.notify serve | work | migrate | config"""

from chassis.process import main
from services.notify.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
